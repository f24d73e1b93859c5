import { RefusedError } from "../errors.ts";
import type { Job } from "../job/define-job.ts";
import { StepRunner } from "../steps/run-steps.ts";
import type { Run } from "../store/run.ts";
import { isFinished } from "../store/run-status.ts";
import { requireSchema } from "../store/schema.ts";
import type { RunReport } from "./run-report.ts";
import { type WorkOptions, withDatabase } from "./session.ts";
import { undoRun } from "./undo-run.ts";

/**
 * Takes a whole job back: its last steps, its rows, run by run, its first steps, in this order. Goes on where it was interrupted;
 * answers the report of the last run that it took back, null where all were back already.
 * @throws RefusedError where something has no way back
 */
export async function undoJob(job: Job, options: WorkOptions = {}): Promise<RunReport | null> {
  const runs = await standingRuns(job, options);
  for (const [index, { id }] of runs.entries()) {
    // What the first steps have added goes with the oldest run: those before it need it to be there.
    const withExpand = index === runs.length - 1;
    const report = await undoRun(String(id), { ...options, job, withExpand });
    if (withExpand || report.status !== "succeeded" || report.rows.rejected > 0) return report;
  }
  await withDatabase(`undo ${job.name}`, options, async (db, store) => {
    for (const phase of ["contract", "expand"] as const)
      await new StepRunner(db, store, { job: job.name, phase, steps: job[phase] }, options).down();
  });
  return null;
}

async function standingRuns(job: Job, options: WorkOptions): Promise<readonly Run[]> {
  return withDatabase(`undo ${job.name}`, options, async (db, store) => {
    await requireSchema(db, store.schema);
    await store.runs.settle(db, job.name);
    const last = await store.runs.latest(db, job.name);
    if (last !== null && !isFinished(last.status) && last.kind === "run") {
      throw new RefusedError(
        "run-can-be-undone",
        `Run ${last.id} of ${job.name} is ${last.status}; what is not finished cannot be taken back.`,
        `End it first: tidefill cancel ${last.id}`,
      );
    }
    return store.runs.allStanding(db, job.name);
  });
}
