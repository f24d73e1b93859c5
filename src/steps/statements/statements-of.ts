import type { Step } from "../../job/steps/steps.ts";
import type { Sql } from "../../postgres/sql/sql.ts";
import { sqlTokens } from "../../postgres/sql/sql-tokens.ts";
import type { Queryable } from "../../postgres/transaction/database.ts";
import { addColumnStatements, dropColumnStatements, renameColumnStatements } from "./column-statements.ts";
import { addConstraintStatements, setNotNullStatements } from "./constraint-statements.ts";
import { createIndexStatements, dropIndexStatements } from "./index-statements.ts";
import type { StepStatement, StepStatements } from "./step-statement.ts";
import { createTableStatements, dropTableStatements } from "./table-statements.ts";

/** The statements of a step; `before` is what was kept for its undo. */
export function statementsOf(step: Step, before: string | null): StepStatements {
  switch (step.kind) {
    case "add column":
      return addColumnStatements(step);
    case "create table":
      return createTableStatements(step);
    case "create index":
      return createIndexStatements(step);
    case "drop index":
      return dropIndexStatements(step, before);
    case "add constraint":
      return addConstraintStatements(step);
    case "set not null":
      return setNotNullStatements(step);
    case "rename column":
      return renameColumnStatements(step);
    case "drop column":
      return dropColumnStatements(step);
    case "drop table":
      return dropTableStatements(step);
    case "sql":
      return ownStatements(step);
  }
}

/** The author's own statements: only the author knows what they do to the catalogue. */
function ownStatements({
  up,
  down,
  transactional,
  done,
}: Extract<Step, { readonly kind: "sql" }>): StepStatements {
  const forth = (text: Sql): StepStatement => ({
    text,
    isTransactional: transactional,
    mayWait: !transactional && isConcurrent(text),
    isDone: async (db) => done !== null && (await answers(db, done)),
  });
  // After the first text of the undo, the step no longer is done, but the remaining texts are still to run.
  const back = (text: Sql, index: number): StepStatement => ({
    ...forth(text),
    mayBeHalfDone: index > 0,
    isDone: async (db) => done !== null && !(await answers(db, done)),
  });
  return { up: up.map(forth), down: down?.map(back) ?? null };
}

const tokens = new RegExp(Object.values(sqlTokens).join("|"), "g");

/** A concurrent statement waits for other sessions' transactions, and blocks none meanwhile. */
function isConcurrent(statement: Sql): boolean {
  return /\bconcurrently\b/i.test(statement.toString().replaceAll(tokens, " "));
}

async function answers(db: Queryable, question: Sql): Promise<boolean> {
  const { rows } = await db.query(question);
  return Object.values(rows[0] ?? {})[0] === "t";
}
