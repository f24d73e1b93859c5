import { UsageError } from "../../errors.ts";
import type { TestDatabase } from "../database/test-database.ts";
import { findTables } from "./read-state.ts";

/**
 * Tells which columns an author wants left out: `"id"` in every table, `"log.at"` or `"public.log.at"` in
 * one.
 * @throws UsageError for a name that fits no column, which must be a mistake
 */
export async function columnsIgnoredBy(
  database: TestDatabase,
  names: readonly string[],
): Promise<(table: string, column: string) => boolean> {
  const tables = await findTables(database);
  const known = new Set(
    tables.flatMap(({ name, columns }) => columns.flatMap((each) => namesOf(name, each))),
  );
  const unknown = names.find((name) => !known.has(name));
  if (unknown !== undefined)
    throw new UsageError(`ignore names ${unknown}, but no table has such a column.`, {
      remedy: 'Write "column", "table.column" or "schema.table.column".',
    });
  return (table, column) => namesOf(table, column).some((name) => names.includes(name));
}

function namesOf(table: string, column: string): readonly string[] {
  return [column, `${table.slice(table.indexOf(".") + 1)}.${column}`, `${table}.${column}`];
}
