import { LeaseLostError } from "../../errors.ts";
import type { RunPace } from "../../job/pace/pace.ts";
import type { Bounds, KeyText } from "../../postgres/catalog/key.ts";
import { raw, type Sql, sql } from "../../postgres/sql/sql.ts";
import { fromTextArray } from "../../postgres/sql/text-array.ts";
import type { Queryable, Row, Transaction } from "../../postgres/transaction/database.ts";
import type { StoreSchema } from "../schema/store-schema.ts";
import type { BatchCounts } from "./row-counts.ts";
import type { Run } from "./run.ts";

/** A worker's time-limited claim on a range, and how far the range is committed. */
export interface Lease {
  readonly run: bigint;
  readonly range: bigint;
  readonly sweep: number;
  readonly token: string;
  readonly through: KeyText | null;
  readonly checkpoint: KeyText | null;
  /** batches committed in this range so far: tells, after a COMMIT without an answer, its outcome */
  readonly batches: number;
  /** covers only the rows on the list of rejects that may pass by now */
  readonly isOfRejects: boolean;
  /** keys counted when the range was planned; null for the last range, whose end is open */
  readonly planned: number | null;
}

/** A lease of all keys that belongs to no run: for previews, and for work that is rolled back. */
export const everyKey: Lease = {
  run: 0n,
  range: 0n,
  sweep: 0,
  token: "",
  through: null,
  checkpoint: null,
  batches: 0,
  isOfRejects: false,
  planned: null,
};

/** What operators have asked of a run, read with each checkpoint. */
export interface Advanced {
  readonly wanted: string;
  /** the pace that was set for this run */
  readonly pace: RunPace;
}

/** A range to be planned. */
export interface NewRange {
  readonly bounds: Bounds;
  /** about how many rows; null where that is not known */
  readonly rows: number | null;
  /** the stage of the rollout in which work on it begins */
  readonly stage: number;
}

/** How a batch moves its range's checkpoint. */
export interface Advance {
  readonly through: KeyText | null;
  readonly isLast: boolean;
  readonly counts: BatchCounts;
  readonly leaseMs: number;
}

/** The ranges of runs: planned once, leased one worker at a time, advanced batch by batch. */
export class Ranges {
  readonly #schema: StoreSchema;

  constructor(schema: StoreSchema) {
    this.#schema = schema;
  }

  /** Adds the next range of a sweep, beginning where the last one ended. The caller holds the run's row. */
  async add(
    tx: Transaction,
    { id: run, sweep }: Pick<Run, "id" | "sweep">,
    { bounds, rows: planned, stage }: NewRange,
  ): Promise<bigint> {
    const range = this.#schema.table("range");
    const { rows } = await tx.query(sql`
      insert into ${range} (run_id, number, sweep, stage, after_key, through_key, checkpoint, rows_planned)
      select ${run}::bigint, coalesce(max(number), 0) + 1, ${sweep}::integer, ${stage}::integer,
        ${bounds.after}::text[], ${bounds.through}::text[], ${bounds.after}::text[], ${planned}::bigint
      from ${range}
      where run_id = ${run}::bigint
      returning number`);
    return BigInt(rows[0]?.number ?? 0);
  }

  /** Gives a verify the ranges that a run has done so far. */
  async copyDone(tx: Transaction, from: bigint, to: bigint): Promise<void> {
    const range = this.#schema.table("range");
    await tx.query(sql`
      insert into ${range} (run_id, number, sweep, after_key, through_key, checkpoint, rows_planned)
      select ${to}::bigint, row_number() over (order by number), 0, after_key, through_key, after_key, rows_walked
      from ${range}
      where run_id = ${from}::bigint
        and sweep = 0
        and status = 'done'`);
  }

  /** Takes a free range, or one whose lease ran out; null when there is none. */
  async lease(db: Queryable, run: bigint, worker: string, leaseMs: number): Promise<Lease | null> {
    const range = this.#schema.table("range");
    const { rows } = await db.query(sql`
      update ${range} as taken
      set status = 'leased',
        token = pg_catalog.gen_random_uuid(),
        worker = ${worker}::uuid,
        lease_expires_at = pg_catalog.clock_timestamp() + ${leaseMs} * interval '1 ms'
      from (
        select run_id, number
        from ${range}
        where run_id = ${run}::bigint
          and status <> 'done'
          and stage <= (select stage from ${this.#schema.table("run")} where id = ${run}::bigint)
          and (status = 'free' or lease_expires_at < pg_catalog.clock_timestamp())
        order by number
        limit 1
        for update skip locked
      ) as free
      where taken.run_id = free.run_id
        and taken.number = free.number
      returning taken.*`);
    return rows[0] === undefined ? null : toLease(rows[0]);
  }

  /**
   * Moves a range's checkpoint: the last write of a batch's transaction. `isSame` is the condition that the
   * tables are still those that the run is about.
   * @throws LeaseLostError when the fence does not hold: the whole batch rolls back
   */
  async advance(
    tx: Transaction,
    lease: Lease,
    to: Advance,
    isSame: Sql,
  ): Promise<Advanced & { readonly isSame: boolean }> {
    const { rows } = await tx.query(this.advanceStatement(lease, to, isSame));
    if (rows[0] === undefined) throw new LeaseLostError(lease.range);
    const { wanted, pace, is_same } = rows[0];
    return {
      wanted: wanted ?? "running",
      pace: JSON.parse(pace ?? "{}") as RunPace,
      isSame: is_same === "t",
    };
  }

  /** The statement with the fence, the last of every batch. */
  advanceStatement(
    lease: Lease,
    { through, isLast, counts, leaseMs }: Advance,
    isSame: Sql = raw("true"),
  ): Sql {
    return sql`
      update ${this.#schema.table("range")}
      set checkpoint = ${through}::text[],
        status = case when ${isLast}::boolean then 'done' else 'leased' end,
        batches = batches + 1,
        rows_walked = rows_walked + ${counts.walked},
        rows_read = rows_read + ${counts.read},
        rows_written = rows_written + ${counts.written},
        rows_unchanged = rows_unchanged + ${counts.unchanged},
        rows_skipped = rows_skipped + ${counts.skipped},
        rows_rejected = rows_rejected + ${counts.rejected},
        rows_swallowed = rows_swallowed + ${counts.swallowed},
        rows_conflicted = rows_conflicted + ${counts.conflicted},
        checkpointed_at = pg_catalog.clock_timestamp(),
        lease_expires_at = pg_catalog.clock_timestamp() + ${leaseMs} * interval '1 ms'
      where run_id = ${lease.run}::bigint
        and number = ${lease.range}::bigint
        and token = ${lease.token}::uuid
        and status = 'leased'
        -- a server that lost its last commits has an older checkpoint than we remember
        and batches = ${lease.batches}
        -- a run that was cancelled while we were frozen accepts no more batches
        and exists (
          select from ${this.#schema.table("run")}
          where id = ${lease.run}::bigint
            and status = 'running')
      returning (select wanted from ${this.#schema.table("run")} where id = ${lease.run}::bigint) as wanted,
        (select pace from ${this.#schema.table("run")} where id = ${lease.run}::bigint) as pace,
        ${isSame} as is_same`;
  }

  /** Prolongs a lease during a long batch. Returns false when the lease is already lost. */
  async renew(db: Queryable, lease: Lease, leaseMs: number): Promise<boolean> {
    const { count } = await db.query(sql`
      update ${this.#schema.table("range")}
      set lease_expires_at = pg_catalog.clock_timestamp() + ${leaseMs} * interval '1 ms'
      where run_id = ${lease.run}::bigint
        and number = ${lease.range}::bigint
        and token = ${lease.token}::uuid
        and status = 'leased'`);
    return count > 0;
  }

  /** Gives a lease back, so that the next worker need not wait until it runs out. */
  async release(db: Queryable, lease: Lease): Promise<void> {
    await db.query(sql`
      update ${this.#schema.table("range")}
      set status = 'free', token = null, worker = null, lease_expires_at = null
      where run_id = ${lease.run}::bigint
        and number = ${lease.range}::bigint
        and token = ${lease.token}::uuid
        and status = 'leased'`);
  }

  /** Frees the ranges of a process known to be dead, so that no worker waits until its leases run out. */
  async releaseAllOf(db: Queryable, run: bigint, worker: string): Promise<void> {
    await db.query(sql`
      update ${this.#schema.table("range")}
      set status = 'free', token = null, worker = null, lease_expires_at = null
      where run_id = ${run}::bigint
        and worker = ${worker}::uuid
        and status = 'leased'`);
  }

  /**
   * Reads, under a row lock, whether a batch whose COMMIT got no answer is committed. The lock waits for a
   * backend that may still be committing it, so the answer is final.
   */
  async wasCommitted(db: Queryable, lease: Lease): Promise<boolean> {
    const { rows } = await db.query(sql`
      select batches, token
      from ${this.#schema.table("range")}
      where run_id = ${lease.run}::bigint
        and number = ${lease.range}::bigint
      for update`);
    if (rows[0]?.token !== lease.token) throw new LeaseLostError(lease.range);
    return Number(rows[0].batches) > lease.batches;
  }
}

function toLease(row: Row): Lease {
  return {
    run: BigInt(row.run_id ?? 0),
    range: BigInt(row.number ?? 0),
    sweep: Number(row.sweep),
    token: row.token ?? "",
    through: fromTextArray(row.through_key),
    checkpoint: fromTextArray(row.checkpoint),
    batches: Number(row.batches),
    isOfRejects: row.of_rejects === "t",
    planned: row.rows_planned == null ? null : Number(row.rows_planned),
  };
}
