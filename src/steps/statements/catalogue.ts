import { displayName } from "../../job/columns/table.ts";
import type { StepTable } from "../../job/steps/steps.ts";
import { quoteIdentifier, raw, type Sql, sql } from "../../postgres/sql/sql.ts";
import type { Queryable, Row } from "../../postgres/transaction/database.ts";

/** The name of a table or index for a statement: qualified where the step says so. */
export function nameOf({ schema, name }: StepTable): Sql {
  return raw(
    [schema, name]
      .filter((part) => part !== null)
      .map(quoteIdentifier)
      .join("."),
  );
}

/** The same as text, for `to_regclass`. */
export function regclassOf(table: StepTable): string {
  return nameOf(table).toString();
}

export function columnOf(name: string): Sql {
  return raw(quoteIdentifier(name));
}

export function tableShown(table: StepTable): string {
  return displayName(table);
}

/** Whether a relation of this name exists. */
export async function relationExists(db: Queryable, table: StepTable): Promise<boolean> {
  return isTrue(db, sql`select pg_catalog.to_regclass(${regclassOf(table)}) is not null as answer`);
}

/** A column from the catalogue; undefined where there is none. */
export async function findColumn(db: Queryable, table: StepTable, column: string): Promise<Row | undefined> {
  const { rows } = await db.query(sql`
    select attname, attnotnull, pg_catalog.format_type(atttypid, atttypmod) as type, atttypid
    from pg_catalog.pg_attribute
    where attrelid = pg_catalog.to_regclass(${regclassOf(table)})
      and attname = ${column}
      and attnum > 0
      and not attisdropped`);
  return rows[0];
}

/** Whether a constraint is validated; undefined where there is none. */
export async function findConstraint(
  db: Queryable,
  table: StepTable,
  constraint: string,
): Promise<{ readonly isValidated: boolean } | undefined> {
  const { rows } = await db.query(sql`
    select convalidated
    from pg_catalog.pg_constraint
    where conrelid = pg_catalog.to_regclass(${regclassOf(table)})
      and conname = ${constraint}`);
  return rows[0] === undefined ? undefined : { isValidated: rows[0].convalidated === "t" };
}

/** Runs a query that returns one boolean in the column `answer`. */
export async function isTrue(db: Queryable, question: Sql): Promise<boolean> {
  const { rows } = await db.query(question);
  return rows[0]?.answer === "t";
}
