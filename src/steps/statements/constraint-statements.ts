import { createHash } from "node:crypto";
import type { Step, StepTable } from "../../job/steps/steps.ts";
import { type Sql, sql } from "../../postgres/sql/sql.ts";
import { columnOf, findColumn, findConstraint, nameOf, tableShown } from "./catalogue.ts";
import type { StepStatement, StepStatements } from "./step-statement.ts";

type Of<Kind extends Step["kind"]> = Extract<Step, { readonly kind: Kind }>;

/** Adds a check or foreign key: for new rows under a short lock, then for existing rows without blocking. */
export function addConstraintStatements({
  table,
  constraint,
  definition,
}: Of<"add constraint">): StepStatements {
  return {
    up: addAndValidate(table, constraint, definition, async () => false),
    down: [dropConstraint(table, constraint)],
    left: notValid(table, constraint, "new rows that break it"),
    // A constraint that another session left unvalidated still belongs to that session.
    isThere: async (db) => (await findConstraint(db, table, constraint)) !== undefined,
  };
}

/**
 * Setting a column not null: since version 12, PostgreSQL accepts a validated check as proof and does not
 * scan the table under its lock.
 */
export function setNotNullStatements({ table, column }: Of<"set not null">): StepStatements {
  const hash = createHash("sha256").update(column).digest("hex").slice(0, 12);
  const constraint = `tidefill_not_null_${hash}`;
  const isSet: StepStatement["isDone"] = async (db) =>
    (await findColumn(db, table, column))?.attnotnull === "t";
  return {
    up: [
      ...addAndValidate(table, constraint, sql`check (${columnOf(column)} is not null)`, isSet),
      {
        ...altering(table, sql`alter column ${columnOf(column)} set not null`),
        isDone: isSet,
      },
      dropConstraint(table, constraint),
    ],
    down: [
      {
        ...altering(table, sql`alter column ${columnOf(column)} drop not null`),
        isDone: async (db) => (await findColumn(db, table, column))?.attnotnull !== "t",
      },
      // The constraint remains where the step was begun but not finished.
      dropConstraint(table, constraint),
    ],
    left: notValid(table, constraint, `null in new rows' ${column}`),
  };
}

/** What the unvalidated constraint already enforces for new rows. */
function notValid(table: StepTable, constraint: string, what: string): NonNullable<StepStatements["left"]> {
  return async (db) =>
    (await findConstraint(db, table, constraint))?.isValidated === false
      ? `the constraint ${constraint} of ${tableShown(table)}, not valid, which refuses ${what}`
      : null;
}

/** `isNeedless` tells whether the constraint's purpose is already fulfilled. */
function addAndValidate(
  table: StepTable,
  constraint: string,
  definition: Sql,
  isNeedless: StepStatement["isDone"],
): StepStatement[] {
  return [
    {
      ...altering(table, sql`add constraint ${columnOf(constraint)} ${definition} not valid`),
      isDone: async (db) => (await findConstraint(db, table, constraint)) !== undefined || isNeedless(db),
    },
    {
      ...altering(table, sql`validate constraint ${columnOf(constraint)}`),
      isDone: async (db) =>
        (await findConstraint(db, table, constraint))?.isValidated === true || isNeedless(db),
    },
  ];
}

function dropConstraint(table: StepTable, constraint: string): StepStatement {
  return {
    ...altering(table, sql`drop constraint ${columnOf(constraint)}`),
    isDone: async (db) => (await findConstraint(db, table, constraint)) === undefined,
  };
}

function altering(table: StepTable, change: Sql): Omit<StepStatement, "isDone"> {
  return { text: sql`alter table ${nameOf(table)} ${change}`, isTransactional: true };
}
