import { TidefillError } from "../../errors.ts";
import { describeWithoutValues, sqlstateOf } from "../../postgres/failure/failure.ts";
import type { BlockingSession } from "../../postgres/transaction/blocking-sessions.ts";
import type { Database } from "../../postgres/transaction/database.ts";
import type { StepPhase } from "../../store/runs/steps.ts";
import { shownSession } from "./blocking-session.ts";
import type { StepStatements } from "./step-statement.ts";

/** Whose step it is, to say what to type. */
export interface StepPlace {
  readonly job: string;
  readonly phase: StepPhase;
  readonly name: string;
  /** it is undone */
  readonly isBack?: boolean;
}

/** What goes on where a step was left. */
function goOn({ job, phase, isBack = false }: StepPlace): string {
  return phase === "contract" && !isBack
    ? `tidefill resume ${job}   goes on here; and so does tidefill contract, where that was typed`
    : "The same command, typed again, goes on here.";
}

/** How a step is spoken of. */
export function shownStep({ name, isBack = false }: Pick<StepPlace, "name" | "isBack">): string {
  return isBack ? `undo of "${name}"` : `step "${name}"`;
}

/** Somebody holds the lock that a step needs, and does not let go. */
export class StepBlockedError extends TidefillError {
  constructor(place: StepPlace, inTheWay: readonly BlockingSession[]) {
    const [first] = inTheWay;
    const who =
      first === undefined
        ? "a session that cannot be seen"
        : `${shownSession(first)}, ${first.state} for ${Math.round(first.seconds)} s: ${first.statement}`;
    super(
      "step-blocked",
      `The ${shownStep(place)} did not get its lock within five minutes; it is held by ${who}.`,
      { remedy: `End that transaction, or wait for it. ${goOn(place)}` },
    );
  }
}

/** A step was stopped from outside; it knows how far it is. */
export class StepStoppedError extends TidefillError {
  constructor(place: StepPlace, cause: unknown) {
    super("step-stopped", `The ${shownStep(place)} of ${place.job} was stopped.`, {
      remedy: goOn(place),
      cause,
    });
  }
}

/** It was not the time for a step, and nobody wants to wait for it. */
export class StepNotBegunError extends TidefillError {
  constructor(place: StepPlace, why: string) {
    super("step-stopped", `The ${shownStep(place)} of ${place.job} was not begun: ${why}.`, {
      remedy: goOn(place),
    });
  }
}

/** A failure of PostgreSQL, with what the step has left behind; anything else as it is. */
export async function withWhatIsLeft(
  db: Database,
  place: StepPlace,
  { left }: StepStatements,
  error: unknown,
): Promise<unknown> {
  if (sqlstateOf(error) === null || left === undefined) return error;
  const what = await db.transaction((tx) => left(tx)).catch(() => null);
  if (what === null) return error;
  const message = `The step "${place.name}" failed: ${describeWithoutValues(error)}. What it has left is there: ${what}.`;
  const remedy = `Mend the rows. ${goOn(place)} To undo what is there: tidefill undo --to <the job before ${place.job}, or nothing>`;
  return new TidefillError("step-failed", message, { remedy, cause: error });
}
