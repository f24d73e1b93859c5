import { createHash } from "node:crypto";
import { TidefillError } from "../../errors.ts";
import { describeStep, type Step } from "../../job/steps/steps.ts";
import type { Database, Queryable } from "../../postgres/transaction/database.ts";
import { BusyError, type StepStatement } from "../statements/step-statement.ts";

/** @throws TidefillError where the database does not show the result of a step's statements */
export async function requireDone(
  db: Queryable,
  step: Step,
  statements: readonly StepStatement[],
): Promise<void> {
  if (step.kind === "sql" && step.done === null) return;
  for (const statement of statements) {
    if (await statement.isDone(db)) continue;
    throw new TidefillError(
      "step-not-done",
      `The statements of the step "${step.name}" were run, but the database does not show their result.`,
      {
        remedy:
          "Check what exists in the database; for your own statements, also the query that says whether they are done.",
      },
    );
  }
}

/** Whether all of it exists, or another session is making it now. */
export async function isWholeDone(db: Queryable, statements: readonly StepStatement[]): Promise<boolean> {
  try {
    for (const statement of statements) if (!(await statement.isDone(db))) return false;
    return true;
  } catch (error) {
    if (error instanceof BusyError) return true;
    throw error;
  }
}

/** Whether any part of it exists. */
export async function isAnyDone(db: Database, statements: readonly StepStatement[]): Promise<boolean> {
  return db.transaction(async (tx) => {
    for (const statement of statements) if (await statement.isDone(tx)) return true;
    return false;
  });
}

/** The hash of a step's definition. */
export function hashOf(step: Step): string {
  return createHash("sha256")
    .update(JSON.stringify(describeStep(step)))
    .digest("hex");
}
