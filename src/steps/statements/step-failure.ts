import { TidefillError } from "../../errors.ts";
import { describeWithoutValues, sqlstateOf } from "../../postgres/failure/failure.ts";
import type { BlockingSession } from "../../postgres/transaction/blocking-sessions.ts";
import type { Database } from "../../postgres/transaction/database.ts";
import type { StepPhase } from "../../store/runs/steps.ts";
import { shownSession } from "./blocking-session.ts";
import type { StepStatements } from "./step-statement.ts";

/** The step that failed, for the command in the remedy. */
export interface StepPlace {
  readonly job: string;
  readonly phase: StepPhase;
  readonly name: string;
  /** it is being undone */
  readonly isBack?: boolean;
}

/** The command that continues where a step stopped. */
function goOn({ job, phase, isBack = false }: StepPlace): string {
  return phase === "contract" && !isBack
    ? `tidefill resume ${job}   continues here; so does tidefill contract, if you typed that`
    : "Type the same command again: it continues here.";
}

/** A step's name for messages. */
export function shownStep({ name, isBack = false }: Pick<StepPlace, "name" | "isBack">): string {
  return isBack ? `undo of "${name}"` : `step "${name}"`;
}

/** Another session holds the lock that a step needs, and does not release it. */
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

/** A step was stopped from outside; the store knows how far it is. */
export class StepStoppedError extends TidefillError {
  constructor(place: StepPlace, cause: unknown) {
    super("step-stopped", `The ${shownStep(place)} of ${place.job} was stopped.`, {
      remedy: goOn(place),
      cause,
    });
  }
}

/** The step may not begin now, and the caller does not want to wait. */
export class StepNotBegunError extends TidefillError {
  constructor(place: StepPlace, why: string) {
    super("step-stopped", `The ${shownStep(place)} of ${place.job} was not begun: ${why}.`, {
      remedy: goOn(place),
    });
  }
}

/** A failure of PostgreSQL, with what the step has left behind; any other error unchanged. */
export async function withWhatIsLeft(
  db: Database,
  place: StepPlace,
  { left }: StepStatements,
  error: unknown,
): Promise<unknown> {
  if (sqlstateOf(error) === null || left === undefined) return error;
  const what = await db.transaction((tx) => left(tx)).catch(() => null);
  if (what === null) return error;
  const message = `The step "${place.name}" failed: ${describeWithoutValues(error)}. It has left behind: ${what}.`;
  const remedy = `Fix the rows. ${goOn(place)} To undo what it left: tidefill undo --to <the job before ${place.job}, or nothing>`;
  return new TidefillError("step-failed", message, { remedy, cause: error });
}
