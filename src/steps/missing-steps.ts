import type { Job } from "../job/definition/define-job.ts";
import { type Step, takesAway } from "../job/steps/steps.ts";
import type { Database } from "../postgres/transaction/database.ts";
import type { StepPhase } from "../store/runs/steps.ts";
import { isRemovedBy } from "./compare/removed-by.ts";
import { statementsOf } from "./statements/statements-of.ts";

/** A job with the names of the steps that are done. */
export interface StepsOfJob {
  readonly job: Job;
  readonly steps: Readonly<Record<StepPhase, { readonly done: readonly string[] }>>;
}

/** The steps of a job that are done. */
export function doneSteps({ job, steps }: StepsOfJob): readonly Step[] {
  return (["expand", "contract"] as const).flatMap((phase) =>
    job[phase].filter(({ name }) => steps[phase].done.includes(name)),
  );
}

/**
 * The steps of a job that were done but whose result is no longer in the catalogue. What a step of this or
 * another job has renamed or dropped does not count. `ofAllJobs` are the done steps of all jobs.
 */
export async function missingSteps(
  db: Database,
  of: StepsOfJob,
  ofAllJobs: readonly Step[],
): Promise<readonly Step[]> {
  const lost: Step[] = [];
  for (const step of doneSteps(of)) {
    // An object that a step removed may exist again for a good reason.
    if (takesAway(step) || ofAllJobs.some((other) => isRemovedBy(other, step))) continue;
    if (!(await isThere(db, step))) lost.push(step);
  }
  return lost;
}

async function isThere(db: Database, step: Step): Promise<boolean> {
  // The result of the author's own statements is unknown here.
  if (step.kind === "sql" && step.done === null) return true;
  return db.transaction(async (tx) => {
    for (const statement of statementsOf(step, null).up)
      if (!(await statement.isDone(tx).catch(() => false))) return false;
    return true;
  });
}
