import type { Sql } from "../../postgres/sql/sql.ts";

/** Where the rejects of a run are: its rows in `table`. */
export interface KnownRejects {
  readonly table: Sql;
  readonly run: bigint;
}
