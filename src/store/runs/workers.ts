import { hostname } from "node:os";
import { pid } from "node:process";
import { sql } from "../../postgres/sql/sql.ts";
import type { Queryable } from "../../postgres/transaction/database.ts";
import type { StoreSchema } from "../schema/store-schema.ts";

/** One process at work, as it registers itself. */
export interface WorkingProcess {
  readonly id: string;
  readonly workers: number;
  readonly leaseMs: number;
  readonly rowsPerSecond: number;
  /** why it works slower than it could */
  readonly heldBack: string | null;
}

/** The processes at work on runs; each sends a heartbeat. */
export class Workers {
  readonly #schema: StoreSchema;

  constructor(schema: StoreSchema) {
    this.#schema = schema;
  }

  /** Registers a process or sends its heartbeat; registers it again after a restored backup or a failover. */
  async beat(db: Queryable, run: bigint, process: WorkingProcess): Promise<void> {
    await db.query(sql`
      insert into ${this.#schema.table("worker")} (id, run_id, host, process, workers, lease_ms, rows_per_second, held_back)
      values (${process.id}::uuid, ${run}::bigint, ${hostname()}, ${pid}, ${process.workers}, ${process.leaseMs},
        ${process.rowsPerSecond}, ${process.heldBack})
      on conflict (id) do update
      set heartbeat_at = pg_catalog.clock_timestamp(),
        workers = excluded.workers,
        rows_per_second = excluded.rows_per_second,
        held_back = excluded.held_back`);
  }

  /**
   * Adds time to the run's seconds at work. With several processes only the one with the lowest id adds:
   * `passed` while another process reads rows, otherwise `atWork`. Returns false when the run's row is
   * locked; the next heartbeat retries.
   */
  async credit(
    db: Queryable,
    run: bigint,
    id: string,
    { atWork, passed }: { readonly atWork: number; readonly passed: number },
  ): Promise<boolean> {
    const alive = sql`
      from ${this.#schema.table("worker")} as worker
      where worker.run_id = ${run}::bigint
        and worker.heartbeat_at + worker.lease_ms * interval '1 ms' > pg_catalog.clock_timestamp()`;
    const { rows } = await db.query(sql`
      with free as (
        select id
        from ${this.#schema.table("run")}
        where id = ${run}::bigint
        for no key update skip locked
      ), credited as (
        update ${this.#schema.table("run")}
        set seconds_at_work = seconds_at_work
          + case when exists (select ${alive} and worker.id <> ${id}::uuid and worker.rows_per_second > 0) then ${passed}::double precision
            else ${atWork}::double precision end
        where id in (select id from free)
          and (select worker.id ${alive} order by worker.id limit 1) = ${id}::uuid
      )
      select id
      from free`);
    return rows.length > 0;
  }

  async leave(db: Queryable, id: string): Promise<void> {
    await db.query(sql`delete from ${this.#schema.table("worker")} where id = ${id}::uuid`);
  }

  /** How many workers of other processes are alive on a run; deletes entries of processes long gone. */
  async others(db: Queryable, run: bigint, id: string): Promise<number> {
    const worker = this.#schema.table("worker");
    await db.query(sql`
      delete from ${worker}
      where run_id = ${run}::bigint
        and id <> ${id}::uuid
        and heartbeat_at + 10 * lease_ms * interval '1 ms' < pg_catalog.clock_timestamp()`);
    const { rows } = await db.query(sql`
      select coalesce(sum(workers), 0) as workers
      from ${worker}
      where run_id = ${run}::bigint
        and id <> ${id}::uuid
        and heartbeat_at + lease_ms * interval '1 ms' > pg_catalog.clock_timestamp()`);
    return Number(rows[0]?.workers ?? 0);
  }

  /** The processes registered from this machine; the current process is not yet among them. */
  async ofThisHost(
    db: Queryable,
    run: bigint,
  ): Promise<readonly { readonly id: string; readonly process: number }[]> {
    const { rows } = await db.query(sql`
      select id, process
      from ${this.#schema.table("worker")}
      where run_id = ${run}::bigint
        and host = ${hostname()}`);
    return rows.map((row) => ({ id: row.id ?? "", process: Number(row.process) }));
  }
}
