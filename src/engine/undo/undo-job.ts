import type { Job } from "../../job/definition/define-job.ts";
import type { Database } from "../../postgres/transaction/database.ts";
import { requireSchema } from "../../store/schema/store-schema.ts";
import type { Store } from "../../store/store.ts";
import { stepsOf } from "../process/step-runner.ts";
import type { RunReport } from "../report/run-report.ts";
import { participation, type WorkOptions, withDatabase } from "../session/with-database.ts";
import { requireWaysBack } from "./require-reversible.ts";
import { resumeUndo } from "./resume-undo.ts";
import { readUndoPlan, type UndoPlan } from "./undo-plan.ts";
import { isWhole, undo } from "./undo-run.ts";

/**
 * Takes a whole job back: its last steps, its rows, run by run, also those of a run that was cancelled, its first steps, in this
 * order. Goes on where it was interrupted; answers the report of the last run that it took back, null where all were back already.
 * @throws RefusedError where something has no way back; nothing is begun then
 */
export async function undoJob(job: Job, options: WorkOptions = {}): Promise<RunReport | null> {
  const part = participation(options, false);
  return withDatabase(`undo ${job.name}`, options, async (db, store) => {
    await requireSchema(db, store.schema);
    const { unfinished } = await planOf(db, store, job, options);
    let report: RunReport | null = null;
    if (unfinished !== null) {
      report = await resumeUndo(db, store, unfinished, options, { ...part, isResumed: true });
      if (!isWhole(report)) return report;
    }
    const { runs } = await planOf(db, store, job, options);
    for (const [index, { id }] of runs.entries()) {
      // What the first steps have added goes with the oldest run: those before it need it to be there.
      const withExpand = index === runs.length - 1;
      const undone = await store.runs.require(db, String(id));
      report = await undo(db, store, undone, { ...options, job, withExpand }, part);
      if (withExpand || !isWhole(report)) return report;
    }
    for (const phase of ["contract", "expand"] as const) await stepsOf(db, store, job, phase, options).down();
    return report;
  });
}

async function planOf(db: Database, store: Store, job: Job, options: WorkOptions): Promise<UndoPlan> {
  const plan = await readUndoPlan(db, store, job);
  await requireWaysBack(db, store, plan, options);
  return plan;
}
