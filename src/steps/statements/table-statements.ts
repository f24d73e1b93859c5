import type { Step, StepTable } from "../../job/steps/steps.ts";
import { sql } from "../../postgres/sql/sql.ts";
import { nameOf, relationExists } from "./catalogue.ts";
import type { StepStatement, StepStatements } from "./step-statement.ts";

type Of<Kind extends Step["kind"]> = Extract<Step, { readonly kind: Kind }>;

/** Creating a table by the author's own statement. */
export function createTableStatements({ table, statement }: Of<"create table">): StepStatements {
  return {
    up: [{ text: statement, isTransactional: true, isDone: (db) => relationExists(db, table) }],
    down: [dropTableStatement(table)],
  };
}

export function dropTableStatements({ table }: Of<"drop table">): StepStatements {
  return { up: [dropTableStatement(table)], down: null };
}

function dropTableStatement(table: StepTable): StepStatement {
  return {
    text: sql`drop table ${nameOf(table)}`,
    isTransactional: true,
    isDone: async (db) => !(await relationExists(db, table)),
  };
}
