import type { Step } from "../../job/steps/steps.ts";
import type { Sql } from "../../postgres/sql/sql.ts";
import { sqlTokens } from "../../postgres/sql/sql-tokens.ts";
import type { Queryable } from "../../postgres/transaction/database.ts";
import { addColumnActs, dropColumnActs, renameColumnActs } from "./column-statements.ts";
import { addConstraintActs, setNotNullActs } from "./constraint-statements.ts";
import { createIndexActs, dropIndexActs } from "./index-statements.ts";
import type { Act, StepActs } from "./step-statement.ts";
import { createTableActs, dropTableActs } from "./table-statements.ts";

/** What a step does; `before` is what was kept for its way back. */
export function actsOf(step: Step, before: string | null): StepActs {
  switch (step.kind) {
    case "add column":
      return addColumnActs(step);
    case "create table":
      return createTableActs(step);
    case "create index":
      return createIndexActs(step);
    case "drop index":
      return dropIndexActs(step, before);
    case "add constraint":
      return addConstraintActs(step);
    case "set not null":
      return setNotNullActs(step);
    case "rename column":
      return renameColumnActs(step);
    case "drop column":
      return dropColumnActs(step);
    case "drop table":
      return dropTableActs(step);
    case "sql":
      return ownActs(step);
  }
}

/** The author's own statements: what the catalogue says of them only the author knows. */
function ownActs({ up, down, transactional, done }: Extract<Step, { readonly kind: "sql" }>): StepActs {
  const act = (statement: Sql): Act => ({
    statement,
    isTransactional: transactional,
    mayWait: !transactional && isConcurrent(statement),
    isDone: async (db) => done !== null && (await answers(db, done)),
  });
  // After the first text of the way back it is not done any more, and the others are still to come.
  const back = (statement: Sql, index: number): Act => ({
    ...act(statement),
    mayBeHalfDone: index > 0,
    isDone: async (db) => done !== null && !(await answers(db, done)),
  });
  return { up: up.map(act), down: down?.map(back) ?? null };
}

const tokens = new RegExp(Object.values(sqlTokens).join("|"), "g");

/** What is done concurrently waits for the transactions of others, and hinders nobody meanwhile. */
function isConcurrent(statement: Sql): boolean {
  return /\bconcurrently\b/i.test(statement.toString().replaceAll(tokens, " "));
}

async function answers(db: Queryable, question: Sql): Promise<boolean> {
  const { rows } = await db.query(question);
  return Object.values(rows[0] ?? {})[0] === "t";
}
