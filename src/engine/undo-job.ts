import type { Job } from "../job/define-job.ts";
import { requireSchema } from "../store/schema.ts";
import { resumeRun } from "./resume-run.ts";
import type { RunReport } from "./run-report.ts";
import { type WorkOptions, withDatabase } from "./session.ts";
import { stepsOf } from "./steps-of.ts";
import { readUndoPlan, type UndoPlan } from "./undo-plan.ts";
import { isWhole, undoRun } from "./undo-run.ts";
import { requireWaysBack } from "./ways-back.ts";

/**
 * Takes a whole job back: its last steps, its rows, run by run, also those of a run that was cancelled, its first steps, in this
 * order. Goes on where it was interrupted; answers the report of the last run that it took back, null where all were back already.
 * @throws RefusedError where something has no way back; nothing is begun then
 */
export async function undoJob(job: Job, options: WorkOptions = {}): Promise<RunReport | null> {
  const { unfinished } = await planOf(job, options);
  let report: RunReport | null = null;
  if (unfinished !== null) {
    report = await resumeRun(null, String(unfinished.id), options);
    if (!isWhole(report)) return report;
  }
  const { runs } = await planOf(job, options);
  for (const [index, { id }] of runs.entries()) {
    // What the first steps have added goes with the oldest run: those before it need it to be there.
    const withExpand = index === runs.length - 1;
    report = await undoRun(String(id), { ...options, job, withExpand });
    if (withExpand || !isWhole(report)) return report;
  }
  await withDatabase(`undo ${job.name}`, options, async (db, store) => {
    for (const phase of ["contract", "expand"] as const) await stepsOf(db, store, job, phase, options).down();
  });
  return report;
}

async function planOf(job: Job, options: WorkOptions): Promise<UndoPlan> {
  return withDatabase(`undo ${job.name}`, options, async (db, store) => {
    await requireSchema(db, store.schema);
    const plan = await readUndoPlan(db, store, job);
    await requireWaysBack(db, store, plan, options);
    return plan;
  });
}
