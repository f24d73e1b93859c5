import { sql } from "../../postgres/sql/sql.ts";
import { fromTextArray } from "../../postgres/sql/text-array.ts";
import type { Queryable } from "../../postgres/transaction/database.ts";
import type { StoreSchema } from "../schema/store-schema.ts";
import { type BatchCounts, eachCount, noCounts } from "./row-counts.ts";

/** A process that works on a run. */
export interface ProcessAtWork {
  readonly host: string;
  readonly pid: number;
  readonly workers: number;
}

/** How far a run is; only what is committed counts. */
export interface Progress extends BatchCounts {
  readonly batches: number;
  /** ranges that are not done, including leased ones */
  readonly rangesLeft: number;
  readonly rangesLeased: number;
  readonly workers: number;
  /** the processes that these workers belong to */
  readonly processes: readonly ProcessAtWork[];
  /** rows read per second now, by all processes together */
  readonly rowsPerSecond: number;
  /** why a process works slower than it could, or not at all */
  readonly heldBack: string | null;
  readonly secondsSinceCheckpoint: number | null;
  /** the key through which the whole run is committed, in this sweep; null before the first batch */
  readonly watermark: readonly string[] | null;
  /** seconds in which a process was at work, and neither the window nor a stop file held the run */
  readonly secondsAtWork: number;
}

/** What is known of a run when the database cannot be reached. */
export const noProgress: Progress = {
  ...noCounts,
  batches: 0,
  rangesLeft: 0,
  rangesLeased: 0,
  workers: 0,
  processes: [],
  rowsPerSecond: 0,
  heldBack: null,
  secondsSinceCheckpoint: null,
  watermark: null,
  secondsAtWork: 0,
};

/** Adds what was committed since to what is known of a run. */
export function plus(progress: Progress, counts: BatchCounts): Progress {
  const sums = eachCount((name) => progress[name] + counts[name]);
  return { ...progress, ...sums, batches: progress.batches + 1 };
}

/** Reads how far a run is, in one statement over its ranges. */
export async function readProgress(db: Queryable, schema: StoreSchema, run: bigint): Promise<Progress> {
  const { rows } = await db.query(sql`
    select
      -- a sweep walks the same keys again
      coalesce(sum(range.rows_walked) filter (where range.sweep = 0), 0) as walked,
      coalesce(sum(range.rows_read), 0) as read,
      coalesce(sum(range.rows_written), 0) as written,
      coalesce(sum(range.rows_unchanged), 0) as unchanged,
      coalesce(sum(range.rows_skipped), 0) as skipped,
      coalesce(sum(range.rows_rejected), 0) as rejected,
      coalesce(sum(range.rows_swallowed), 0) as swallowed,
      coalesce(sum(range.rows_conflicted), 0) as conflicted,
      coalesce(sum(range.batches), 0) as batches,
      count(*) filter (where range.status <> 'done') as ranges_left,
      count(*) filter (where range.status = 'leased'
        and range.lease_expires_at > pg_catalog.clock_timestamp()) as ranges_leased,
      extract(epoch from pg_catalog.clock_timestamp() - max(range.checkpointed_at)) as since_checkpoint,
      (select json_agg(json_build_object('host', worker.host, 'pid', worker.process, 'workers', worker.workers)
          order by worker.host, worker.process)
        from ${schema.table("worker")} as worker
        where worker.run_id = run.id
          and worker.heartbeat_at + worker.lease_ms * interval '1 ms' > pg_catalog.clock_timestamp()) as processes,
      (select coalesce(sum(worker.rows_per_second), 0)
        from ${schema.table("worker")} as worker
        where worker.run_id = run.id
          and worker.heartbeat_at + worker.lease_ms * interval '1 ms' > pg_catalog.clock_timestamp()) as rows_per_second,
      -- the reason of the slowest process
      (select worker.held_back
        from ${schema.table("worker")} as worker
        where worker.run_id = run.id
          and worker.held_back is not null
          and worker.heartbeat_at + worker.lease_ms * interval '1 ms' > pg_catalog.clock_timestamp()
        order by worker.rows_per_second, worker.held_back
        limit 1) as held_back,
      -- a process killed within its first seconds has reported nothing
      case
        when run.seconds_at_work > 0 then run.seconds_at_work
          -- a killed process has committed since its last heartbeat
          + case
              when run.status = 'running' then greatest(0, extract(epoch from max(range.checkpointed_at) - (
                select max(worker.heartbeat_at)
                from ${schema.table("worker")} as worker
                where worker.run_id = run.id)))
              else 0
            end
        else extract(epoch from coalesce(run.finished_at, max(range.checkpointed_at)) - run.started_at)
      end as at_work,
      (select front.checkpoint
        from ${schema.table("range")} as front
        where front.run_id = run.id
          and front.sweep = run.sweep
        order by front.status = 'done', case when front.status <> 'done' then front.number end, front.number desc
        limit 1) as watermark
    from ${schema.table("run")} as run
    left join ${schema.table("range")} as range on range.run_id = run.id
    where run.id = ${run}::bigint
    group by run.id`);
  const row = rows[0] ?? {};
  const number = (name: string): number => Number(row[name] ?? 0);
  const processes = JSON.parse(row.processes ?? "[]") as ProcessAtWork[];
  return {
    ...eachCount(number),
    batches: number("batches"),
    rangesLeft: number("ranges_left"),
    rangesLeased: number("ranges_leased"),
    workers: processes.reduce((sum, { workers }) => sum + workers, 0),
    processes,
    rowsPerSecond: number("rows_per_second"),
    heldBack: row.held_back ?? null,
    secondsSinceCheckpoint: row.since_checkpoint == null ? null : number("since_checkpoint"),
    watermark: fromTextArray(row.watermark),
    secondsAtWork: number("at_work"),
  };
}
