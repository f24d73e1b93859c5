import type { Job } from "../../job/definition/define-job.ts";
import { checkPace, type RunPace } from "../../job/pace/pace.ts";
import { withoutPassword } from "../../postgres/connection/address.ts";
import { defaultWorkers, spareConnections } from "./default-workers.ts";
import type { PaceOptions } from "./work-options.ts";

/** The pace of a new run. It includes the job's window, since `status` has no job file. @throws UsageError */
export function paceOfNew({ pace: { window } }: Job, options: PaceOptions): RunPace {
  return { ...(window === undefined ? {} : { window }), ...paceOf(options) };
}

/** What the options say about the pace, which the run then keeps. @throws UsageError */
export function paceOf({ workers, window, replicas = [] }: PaceOptions): RunPace {
  return checkPace({
    ...(workers === undefined ? {} : { workers }),
    ...(window === undefined ? {} : { window }),
    ...(replicas.length === 0 ? {} : { replica: replicas.map(withoutPassword) }),
  });
}

/** Connections of a process that works on a run: one for each worker, and spare ones. @throws UsageError */
export function connectionsOf(options: PaceOptions): number {
  return (paceOf(options).workers ?? defaultWorkers) + spareConnections;
}
