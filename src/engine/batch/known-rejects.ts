import type { Sql } from "../../postgres/sql/sql.ts";

/** The rejects of a run: rows that are not expected to be done. */
export interface KnownRejects {
  readonly table: Sql;
  readonly run: bigint;
}
