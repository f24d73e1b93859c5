import { raw, type Sql, sql } from "../../postgres/sql/sql.ts";
import type { Queryable } from "../../postgres/transaction/database.ts";
import type { StoreSchema } from "../schema/store-schema.ts";
import { type Run, toRun } from "./run.ts";

/** The runs that `rest`, a condition on `run` and an order, selects. */
export async function selectRuns(db: Queryable, schema: StoreSchema, rest: Sql): Promise<Run[]> {
  const { rows } = await db.query(sql`
      select run.*, ${statusNow(schema)} as status_now,
        (select max(undo.id)
          from ${schema.table("run")} as undo
          where undo.of_run = run.id
            and undo.kind = 'undo'
            and undo.status = 'succeeded'
            -- what the database refused to undo can be retried
            and not exists (
              select
              from ${schema.table("reject")} as refused
              where refused.run_id = undo.id
                and refused.sqlstate is not null)) as undone_by,
        pg_catalog.date_part('epoch', run.calls_after - pg_catalog.clock_timestamp()) * 1000 as calls_pause_ms,
        ${isoTime("run.started_at")} as started, ${isoTime("run.finished_at")} as finished
      from ${schema.table("run")} as run
      ${rest}`);
  return rows.map(toRun);
}

/** The newest runs of all jobs, with those that are not finished first. */
export async function recentRuns(db: Queryable, schema: StoreSchema, most: number): Promise<Run[]> {
  return selectRuns(
    db,
    schema,
    sql`order by run.finished_at is not null, run.id desc limit ${most}::integer`,
  );
}

/**
 * The status of a run as it is now. A dead process must not leave a status hanging: a running run without a
 * live process is what it was asked to be.
 */
export function statusNow(schema: StoreSchema): Sql {
  return sql`case
        when run.status in ('running', 'pending') and not exists (
          select
          from ${schema.table("worker")} as worker
          where worker.run_id = run.id
            and worker.heartbeat_at + worker.lease_ms * interval '1 ms' > pg_catalog.clock_timestamp()
        ) then case run.wanted when 'paused' then 'paused' when 'cancelled' then 'cancelled' else 'interrupted' end
        else run.status
      end`;
}

/** A time in UTC, as ISO 8601. */
function isoTime(column: string): Sql {
  return raw(`pg_catalog.to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`);
}
