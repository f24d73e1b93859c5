import { parseArgs } from "node:util";
import { UsageError } from "../../errors.ts";
import type { Order } from "../../fleet/enqueue/selection.ts";
import type { ScheduledOrder } from "../../fleet/enqueue/send-due.ts";
import { codeOf } from "../../fleet/work/job-source.ts";
import { readParameters } from "../../job/definition/parameters.ts";
import { type Duration, parseDuration } from "../../job/pace/duration.ts";
import { loadJob } from "../jobs/load-job.ts";
import { parseParameters } from "../options/parse-parameters.ts";

/** What a command line says about an order. */
export interface GivenOrder {
  readonly jobs: string;
  readonly target?: string | undefined;
  readonly targets?: string | undefined;
  readonly allTargets?: boolean | undefined;
  readonly machines: number;
  readonly priority: number;
  readonly param: readonly string[];
  readonly again: boolean;
}

/**
 * Reads an order of a job, and checks what can be checked here: that the job exists and takes the parameters.
 * @throws UsageError
 */
export async function readOrder(job: string, given: GivenOrder): Promise<Order> {
  const { target, targets, allTargets, machines, priority, param, again } = given;
  if (!Number.isInteger(machines) || machines < 1 || machines > 100)
    throw new UsageError(`--machines must be a whole number from 1 to 100, got ${machines}.`);
  if (!Number.isInteger(priority) || Math.abs(priority) > 1_000_000)
    throw new UsageError("--priority must be a whole number up to 1,000,000.");
  const parameters = parseParameters(param);
  const loaded = await loadJob(given.jobs, job);
  await readParameters(loaded.job.parameters, parameters);
  if (loaded.job.personalData && param.length > 0)
    throw new UsageError(
      `The parameters of ${job} may be about persons, and items of the queue lie in another database.`,
      {
        remedy: `Start it on its own database: tidefill run ${job} --param …`,
      },
    );
  return {
    action: "run",
    job,
    parameters,
    again,
    machines,
    priority,
    code: codeOf(loaded),
    target,
    targets,
    allTargets,
  };
}

/** Reads what a schedule is to do: `up`, `run <job> --param k=v`, or `purge --yes`. @throws UsageError */
export async function readScheduled(words: readonly string[], given: GivenOrder): Promise<ScheduledOrder> {
  const { values, positionals } = parsed(words);
  const [action, job, ...rest] = positionals;
  const { waves, soak } = values;
  const soakMs = soak === undefined ? undefined : parseDuration(soak as Duration);
  const { target, targets, "all-targets": allTargets } = values;
  const where = {
    target: target ?? given.target,
    targets: targets ?? given.targets,
    allTargets: allTargets ?? given.allTargets,
  };
  if (action === "run" && job !== undefined && rest.length === 0) {
    const options = { ...given, ...where, param: [...given.param, ...(values.param ?? [])], again: true };
    // The files may change before it comes due.
    return { ...(await readOrder(job, options)), code: null, waves, soakMs };
  }
  if ((action === "up" || action === "purge") && job === undefined) {
    if (action === "purge" && values.yes !== true)
      throw new UsageError("A purge that is scheduled cannot ask for confirmation.", {
        remedy: "Write: -- purge --yes",
      });
    if (waves !== undefined || soak !== undefined)
      throw new UsageError(`Waves belong to a job: "${action}" goes to all its targets at once.`);
    const { machines, priority } = given;
    return { action, job: null, parameters: {}, again: false, machines, priority, code: null, ...where };
  }
  throw new UsageError(`"${words.join(" ")}" cannot be scheduled.`, {
    remedy: "Write after --: up, run <job> --param k=v, or purge --yes.",
  });
}

function parsed(words: readonly string[]) {
  try {
    return parseArgs({
      args: [...words],
      allowPositionals: true,
      options: {
        param: { type: "string", multiple: true },
        target: { type: "string" },
        targets: { type: "string" },
        "all-targets": { type: "boolean" },
        waves: { type: "string" },
        soak: { type: "string" },
        yes: { type: "boolean" },
        again: { type: "boolean" },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}
