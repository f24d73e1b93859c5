import { sql } from "../../postgres/sql/sql.ts";
import type { Queryable } from "../../postgres/transaction/database.ts";
import type { StoreSchema } from "../schema/store-schema.ts";
import type { Run } from "./run.ts";

/** What the ranges of one sweep say about completion. */
export interface Coverage {
  /** all ranges are done, and cover the keys from open end to open end without a gap or an overlap */
  readonly isComplete: boolean;
  /** ranges that are not done, up to the current stage */
  readonly unfinishedOfStage: number;
  readonly unfinished: number;
  readonly written: number;
  /** this sweep covers only the list of rejects */
  readonly isOfRejects: boolean;
  /** milliseconds until the first lease runs out; null when none is held */
  readonly nextLeaseEndsInMs: number | null;
}

/**
 * Proves completion instead of inferring it: each range begins at the key where the one before it ended, the
 * first begins and the last ends openly, every range is done, and each checkpoint is at its range's end.
 */
export async function readCoverage(
  db: Queryable,
  schema: StoreSchema,
  { id: run, sweep, stage }: Pick<Run, "id" | "sweep" | "stage">,
): Promise<Coverage> {
  const { rows } = await db.query(sql`
    with chain as (
      select status, stage, after_key, through_key, checkpoint, rows_written, lease_expires_at, of_rejects,
        row_number() over (order by number) as position,
        count(*) over () as ranges,
        lag(through_key) over (order by number) as previous
      from ${schema.table("range")}
      where run_id = ${run}::bigint
        and sweep = ${sweep}::integer
    )
    select count(*) > 0 and bool_and(
        status = 'done'
        and checkpoint is not distinct from through_key
        and (after_key is null) = (position = 1)
        and (through_key is null) = (position = ranges)
        and (position = 1 or after_key = previous)
      ) as is_complete,
      count(*) filter (where status <> 'done') as unfinished,
      count(*) filter (where status <> 'done' and stage <= ${stage}::integer) as unfinished_of_stage,
      coalesce(sum(rows_written), 0) as written,
      coalesce(bool_and(of_rejects), false) as is_of_rejects,
      extract(epoch from min(lease_expires_at) filter (where status = 'leased') - pg_catalog.clock_timestamp()) * 1000
        as next_lease_ends
    from chain`);
  const row = rows[0] ?? {};
  return {
    isComplete: row.is_complete === "t",
    unfinishedOfStage: Number(row.unfinished_of_stage ?? 0),
    unfinished: Number(row.unfinished ?? 0),
    written: Number(row.written ?? 0),
    isOfRejects: row.is_of_rejects === "t",
    nextLeaseEndsInMs: row.next_lease_ends == null ? null : Math.max(0, Number(row.next_lease_ends)),
  };
}
