import type { Job } from "../../job/definition/define-job.ts";
import { requireSchema } from "../../store/schema/store-schema.ts";
import { type Session, withSession } from "../../store/session.ts";
import { connectionsOf } from "../options/pace-of.ts";
import { participation } from "../options/participation.ts";
import type { StepWorkOptions, UndoKeyOption, WorkOptions } from "../options/work-options.ts";
import { openStepRunner } from "../process/open-step-runner.ts";
import type { RunReport } from "../report/run-report.ts";
import { requireReversible } from "./require-reversible.ts";
import { resumeUndo } from "./resume-undo.ts";
import { readUndoPlan, type UndoPlan } from "./undo-plan.ts";
import { isWhole, undo } from "./undo-run.ts";

/**
 * Undoes a whole job in this order: contract steps, rows run by run (cancelled runs too), expand steps. Goes
 * on where it was interrupted. Returns the report of the last run that it undid, or null when there was none.
 * @throws RefusedError before it changes anything, when something cannot be undone
 */
export async function undoJob(job: Job, options: WorkOptions = {}): Promise<RunReport | null> {
  const part = participation(options, false);
  return withSession(`tidefill undo ${job.name}`, options, connectionsOf(options), async (session) => {
    const { db, store } = session;
    await requireSchema(db, store.schema);
    let plan = await planOf(session, job, options);
    let report: RunReport | null = null;
    if (plan.unfinished !== null) {
      report = await resumeUndo(session, plan.unfinished, options, { ...part, isResumed: true });
      if (!isWhole(report)) return report;
      plan = await planOf(session, job, options);
    }
    for (const [index, { id }] of plan.runs.entries()) {
      // Undo the expand steps together with the oldest run: the undo of each newer run still needs what they
      // added.
      const withExpand = index === plan.runs.length - 1;
      const undone = await store.runs.get(db, id);
      report = await undo(session, undone, { ...options, job, withExpand }, part);
      if (withExpand || !isWhole(report)) return report;
    }
    for (const phase of ["contract", "expand"] as const)
      await openStepRunner(session, { job, phase }, options).down();
    return report;
  });
}

async function planOf(
  session: Session,
  job: Job,
  options: StepWorkOptions & UndoKeyOption,
): Promise<UndoPlan> {
  const plan = await readUndoPlan(session, job);
  await requireReversible(session, plan, options);
  return plan;
}
