import type { Job } from "../job/definition/define-job.ts";
import { takesAway } from "../job/steps/steps.ts";
import { statementsOf } from "../steps/statements/statements-of.ts";
import type { StepPhase } from "../store/runs/steps.ts";

/** A step as a plan shows it. */
export interface PlannedStep {
  readonly phase: StepPhase;
  readonly name: string;
  readonly isDone: boolean;
  /** in order; the run leaves out each that the catalogue already has */
  readonly statements: readonly string[];
  readonly isReversible: boolean;
  /** waits for `tidefill contract` */
  readonly takesAway: boolean;
}

/** The steps of a job, including those that are done. */
export function planSteps(
  job: Job,
  done: Readonly<Record<StepPhase, { readonly done: readonly string[] }>>,
): readonly PlannedStep[] {
  return (["expand", "contract"] as const).flatMap((phase) =>
    job[phase].map((step) => {
      const { up, down } = statementsOf(step, null);
      return {
        phase,
        name: step.name,
        isDone: done[phase].done.includes(step.name),
        statements: up.map(({ text, isTransactional, onlyIf }) => {
          const notes = [
            ...(isTransactional ? [] : ["outside of a transaction"]),
            ...(onlyIf === undefined ? [] : [`only if ${onlyIf}`]),
          ];
          return notes.length === 0 ? text.toString() : `${text} -- ${notes.join(", ")}`;
        }),
        isReversible: down !== null,
        takesAway: takesAway(step),
      };
    }),
  );
}
