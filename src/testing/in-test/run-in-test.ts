import { requestStop } from "../../engine/control/request-stop.ts";
import type { WorkOptions } from "../../engine/options/work-options.ts";
import type { ContractReport } from "../../engine/report/contract-report.ts";
import type { RunReport } from "../../engine/report/run-report.ts";
import { contractJob } from "../../engine/run/contract-job.ts";
import { resumeRun } from "../../engine/run/resume-run.ts";
import { runJob } from "../../engine/run/run-job.ts";
import { undoJob } from "../../engine/undo/undo-job.ts";
import { undoRun } from "../../engine/undo/undo-run.ts";
import { verifyRun } from "../../engine/verify/verify-run.ts";
import { UsageError } from "../../errors.ts";
import type { Job } from "../../job/definition/define-job.ts";
import type { GivenParameters } from "../../job/definition/parameters.ts";
import { isFinished } from "../../store/runs/run-status.ts";
import { requireSchema } from "../../store/schema/store-schema.ts";
import { withSession } from "../../store/session.ts";
import { type InTestOptions, workOptions } from "./in-test-options.ts";
import { jobInTest } from "./job-in-test.ts";

export interface RunInTestOptions extends InTestOptions {
  readonly parameters?: GivenParameters | undefined;
  /** run it although it has succeeded before */
  readonly again?: boolean | undefined;
}

/**
 * Runs a job as `tidefill run` does, in small batches: expand steps, rows, and the non-destructive contract
 * steps.
 */
export async function runJobInTest(job: Job, options: RunInTestOptions): Promise<RunReport> {
  const { parameters, again } = options;
  return runJob(jobInTest(job), { ...workOptions(options), parameters, again });
}

/** Goes on with a run, or an undo, that was stopped. */
export async function resumeInTest(job: Job, options: InTestOptions): Promise<RunReport> {
  return resumeRun(jobInTest(job), job.name, workOptions(options));
}

/** Verifies what the job has made, by another way than the run's own; differences are `rows.conflicted`. */
export async function verifyInTest(
  job: Job,
  options: InTestOptions & Pick<RunInTestOptions, "parameters">,
): Promise<RunReport> {
  const { parameters } = options;
  return verifyRun(jobInTest(job), { ...workOptions(options), parameters });
}

/** Runs all contract steps of a job, also the destructive ones, as `tidefill contract` does. */
export async function contractInTest(job: Job, options: InTestOptions): Promise<ContractReport> {
  return contractJob(jobInTest(job), workOptions(options));
}

/**
 * Undoes a whole job: its contract steps, its rows, its expand steps. An unfinished run is cancelled first,
 * and what it has done is undone. @throws UsageError when there is nothing to undo
 */
export async function undoInTest(job: Job, options: InTestOptions): Promise<RunReport> {
  const work = workOptions(options);
  const tested = jobInTest(job);
  const cancelled = await cancelUnfinished(job, work);
  const report =
    cancelled === null
      ? await undoJob(tested, work)
      : await undoRun(cancelled, { ...work, job: tested, withExpand: true });
  if (report !== null) return report;
  throw new UsageError(`${job.name} has nothing in this database that could be undone.`, {
    remedy: `Run it first: await runJobInTest(job, { database })`,
  });
}

async function cancelUnfinished(job: Job, work: WorkOptions): Promise<string | null> {
  return withSession(`tidefill cancel ${job.name}`, work, 1, async (session) => {
    const { db, store } = session;
    await requireSchema(db, store.schema);
    const last = await store.runs.latest(db, job.name);
    if (last === null || last.kind !== "run" || isFinished(last.status)) return null;
    await requestStop(session, String(last.id), "cancelled");
    return String(last.id);
  });
}
