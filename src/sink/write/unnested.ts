import { join, type Sql, sql } from "../../postgres/sql/sql.ts";
import { textArray } from "../../postgres/sql/text-array.ts";

/**
 * The columns of rows side by side, for `rows from (…)`: one parameter for each column whatever the number of
 * rows, so that no batch reaches the protocol's limit of 65,535 parameters.
 */
export function unnested(rows: readonly (readonly (string | null)[])[], width: number): Sql {
  const columns = Array.from({ length: width }, (_, index) => rows.map((row) => row[index] ?? null));
  return join(columns.map((column) => sql`pg_catalog.unnest(${textArray(column)}::text[])`));
}
