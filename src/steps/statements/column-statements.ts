import { RefusedError } from "../../errors.ts";
import type { Step, StepTable } from "../../job/steps/steps.ts";
import { join, raw, type Sql, sql } from "../../postgres/sql/sql.ts";
import { columnOf, findColumn, isTrue, nameOf, relationExists, tableShown } from "./catalogue.ts";
import type { StepStatement, StepStatements } from "./step-statement.ts";

type Of<Kind extends Step["kind"]> = Extract<Step, { readonly kind: Kind }>;

/** Adding a column takes an instant, whatever the table's size, unless its default is volatile. */
export function addColumnStatements(step: Of<"add column">): StepStatements {
  const { table, column, type } = step;
  return {
    up: [
      {
        ...transactional(sql`alter table ${nameOf(table)} ${columnDefinition(step)}`),
        isDone: async (db) => {
          const found = await findColumn(db, table, column);
          if (found === undefined) return false;
          const isSame = await isTrue(
            db,
            sql`select coalesce(pg_catalog.to_regtype(${bareType(type)})::oid = ${found.atttypid ?? ""}::oid, true) as answer`,
          );
          if (isSame) return true;
          throw inThePlace(
            step,
            `the column already exists with another type: ${found.type}`,
            "Drop or rename that column, or write its type in the step.",
          );
        },
      },
    ],
    down: [dropColumnStatement(table, column)],
  };
}

/** The SQL after `alter table <name>`. */
export function columnDefinition(step: Of<"add column">): Sql {
  const parts: Sql[] = [sql`add column ${columnOf(step.column)} ${raw(step.type)}`];
  if (step.default !== null) parts.push(sql`default (${step.default})`);
  if (step.notNull) parts.push(raw("not null"));
  return join(parts, " ");
}

/** The type without the clauses that may follow it; `serial` is not a type and cannot be compared. */
function bareType(type: string): string {
  return (
    type.split(
      /\s(?:collate|generated|check|constraint|references|unique|primary|storage|compression)\b/i,
    )[0] ?? ""
  );
}

/** Dropping a column: its values are lost at the commit. */
export function dropColumnStatements({ table, column }: Of<"drop column">): StepStatements {
  return { up: [dropColumnStatement(table, column)], down: null };
}

/** Renaming a column: exactly one of the two names must exist. */
export function renameColumnStatements(step: Of<"rename column">): StepStatements {
  return {
    up: [renameStatement(step, step.from, step.to)],
    down: [renameStatement(step, step.to, step.from)],
  };
}

function renameStatement(step: Of<"rename column">, from: string, to: string): StepStatement {
  const { table } = step;
  return {
    ...transactional(sql`alter table ${nameOf(table)} rename column ${columnOf(from)} to ${columnOf(to)}`),
    isDone: async (db) => {
      const [old, now] = [await findColumn(db, table, from), await findColumn(db, table, to)];
      if (old === undefined && now !== undefined) return true;
      if (old !== undefined && now === undefined) return false;
      const what = old === undefined ? `neither ${from} nor ${to} exists` : `both ${from} and ${to} exist`;
      throw inThePlace(step, what, "Look at the table: tidefill cannot tell which of them is meant.");
    },
  };
}

function dropColumnStatement(table: Of<"drop column">["table"], column: string): StepStatement {
  return {
    ...transactional(sql`alter table ${nameOf(table)} drop column ${columnOf(column)}`),
    isDone: async (db) =>
      !(await relationExists(db, table)) || (await findColumn(db, table, column)) === undefined,
  };
}

function transactional(statement: Sql): Omit<StepStatement, "isDone"> {
  return { text: statement, isTransactional: true };
}

function inThePlace(step: Step & { readonly table: StepTable }, what: string, remedy: string) {
  return new RefusedError(
    "step-finds-its-place",
    `The step "${step.name}" cannot be done in ${tableShown(step.table)}: ${what}.`,
    remedy,
  );
}
