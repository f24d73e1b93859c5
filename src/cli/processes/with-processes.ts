import type { EventListener } from "../../engine/report/events.ts";
import { type RunReport, readReport } from "../../engine/report/run-report.ts";
import { withStore } from "../options/with-store.ts";
import { FurtherProcesses, type Shared } from "./further-processes.ts";

/**
 * Does the work of a command in as many processes as it says, of which this one is the first. The further ones end
 * with it, and the report is of what the last of them has left.
 */
export async function withProcesses(
  shared: Shared & { readonly processes: number },
  listeners: readonly EventListener[],
  signal: AbortSignal,
  work: (onEvent: readonly EventListener[]) => Promise<RunReport>,
): Promise<RunReport> {
  if (shared.processes === 1) return work(listeners);
  const further = new FurtherProcesses(shared.processes - 1, shared, listeners);
  signal.addEventListener("abort", () => further.stop());
  const report = await work([(event) => further.hear(event)]).finally(() => further.end());
  // The first process was not the last to leave.
  if (report.status !== "running") return report;
  return withStore(shared.settings, async (session) =>
    readReport(session, await session.store.runs.get(session.db, BigInt(report.run))),
  );
}
