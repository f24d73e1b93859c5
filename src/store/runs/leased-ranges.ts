import { sql } from "../../postgres/sql/sql.ts";
import type { Queryable } from "../../postgres/transaction/database.ts";
import type { StoreSchema } from "../schema/store-schema.ts";

/** A range that a worker works on now. */
export interface LeasedRange {
  readonly number: number;
  /** rows walked so far, and about how many it has; null where that was not estimated */
  readonly walked: number;
  readonly planned: number | null;
  readonly secondsSinceCheckpoint: number | null;
}

/** The ranges of a run that are worked on now, in their order; never their keys. */
export async function leasedRanges(
  db: Queryable,
  schema: StoreSchema,
  run: bigint,
): Promise<readonly LeasedRange[]> {
  const { rows } = await db.query(sql`
    select number, rows_walked, rows_planned,
      extract(epoch from pg_catalog.clock_timestamp() - checkpointed_at) as since
    from ${schema.table("range")}
    where run_id = ${run}::bigint
      and status = 'leased'
      and lease_expires_at > pg_catalog.clock_timestamp()
    order by number
    limit 100`);
  return rows.map((row) => ({
    number: Number(row.number),
    walked: Number(row.rows_walked ?? 0),
    planned: row.rows_planned == null ? null : Number(row.rows_planned),
    secondsSinceCheckpoint: row.since == null ? null : Number(row.since),
  }));
}
