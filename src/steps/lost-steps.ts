import type { Job } from "../job/define-job.ts";
import { type Step, takesAway } from "../job/steps.ts";
import type { Database } from "../postgres/database.ts";
import type { StepPhase } from "../store/steps.ts";
import { actsOf } from "./acts-of.ts";

/** The steps of a job that were done, and whose result the catalogue does not have any more. */
export async function lostSteps(
  db: Database,
  job: Job,
  steps: Readonly<Record<StepPhase, { readonly done: readonly string[] }>>,
): Promise<readonly Step[]> {
  const lost: Step[] = [];
  const done = (["expand", "contract"] as const).flatMap((phase) =>
    job[phase].filter(({ name }) => steps[phase].done.includes(name)),
  );
  // What a later step has renamed or dropped is not lost.
  if (done.some(takesAway)) return [];
  for (const step of done) if (!(await isThere(db, step))) lost.push(step);
  return lost;
}

async function isThere(db: Database, step: Step): Promise<boolean> {
  // Of the author's own statements only the author knows.
  if (step.kind === "sql" && step.done === null) return true;
  return db.transaction(async (tx) => {
    for (const act of actsOf(step, null).up) if (!(await act.isDone(tx).catch(() => false))) return false;
    return true;
  });
}
