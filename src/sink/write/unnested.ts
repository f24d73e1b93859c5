import { join, type Sql, sql } from "../../postgres/sql/sql.ts";
import { textArray } from "../../postgres/sql/text-array.ts";
import type { TextColumns } from "../../postgres/sql/text-columns.ts";

/**
 * The columns of rows side by side, for `rows from (…)`: one parameter for each column whatever the number of
 * rows, so that no batch reaches the protocol's limit of 65,535 parameters.
 */
export function unnested(rows: TextColumns, width: number): Sql {
  const columns = Array.from({ length: width }, (_, index) => textArray(rows.column(index)));
  return join(columns.map((column) => sql`pg_catalog.unnest(${column}::text[])`));
}
