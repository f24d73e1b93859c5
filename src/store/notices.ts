import { sql } from "../postgres/sql/sql.ts";
import type { Queryable } from "../postgres/transaction/database.ts";
import type { StoreSchema } from "./schema/store-schema.ts";

/** A process that claims a notice and vanishes leaves it to another one after so long. */
const claimMs = 120_000;
/** The event that stands for a run of which something is still to be told. */
const watched = "watched";

/** What was told of runs to other systems, so that each thing is told at least once, and rarely twice. */
export class Notices {
  readonly #schema: StoreSchema;

  constructor(schema: StoreSchema) {
    this.#schema = schema;
  }

  /** Marks a run of which a receiver is told; what was told of an earlier stop may be told once more. */
  async watch(db: Queryable, run: bigint): Promise<void> {
    await this.forget(db, run, null);
    await db.query(sql`
      insert into ${this.#schema.table("notice")} (run_id, event)
      values (${run}::bigint, ${watched})
      on conflict do nothing`);
  }

  /**
   * Marks the runs that have not ended, and those that were created after the run `since`. Returns the newest run,
   * or 0 when there is none.
   */
  async watchNew(db: Queryable, since: bigint | null): Promise<bigint> {
    const { rows } = await db.query(sql`
      with fresh as (
        insert into ${this.#schema.table("notice")} (run_id, event)
        select id, ${watched}
        from ${this.#schema.table("run")}
        where finished_at is null
          or id > ${since}::bigint
        on conflict do nothing
      )
      select coalesce(max(id), 0) as newest
      from ${this.#schema.table("run")}`);
    return BigInt(rows[0]?.newest ?? 0);
  }

  /** The runs of which something is still to be told. */
  async watchedRuns(db: Queryable): Promise<readonly bigint[]> {
    const { rows } = await db.query(sql`
      select run_id
      from ${this.#schema.table("notice")}
      where event = ${watched}
      order by run_id`);
    return rows.map(({ run_id: run }) => BigInt(run ?? 0));
  }

  /** The events that were told of a run. */
  async told(db: Queryable, run: bigint): Promise<readonly string[]> {
    const { rows } = await db.query(sql`
      select event
      from ${this.#schema.table("notice")}
      where run_id = ${run}::bigint
        and sent_at is not null`);
    return rows.map(({ event }) => event ?? "");
  }

  /** Claims what is to be told; false where it was told, or another process is just telling it. */
  async claim(db: Queryable, run: bigint, event: string): Promise<boolean> {
    const { rows } = await db.query(sql`
      insert into ${this.#schema.table("notice")} as known (run_id, event, claimed_at)
      values (${run}::bigint, ${event}, pg_catalog.clock_timestamp())
      on conflict (run_id, event) do update
      set claimed_at = pg_catalog.clock_timestamp()
      where known.sent_at is null
        and (known.claimed_at is null
          or known.claimed_at < pg_catalog.clock_timestamp() - ${claimMs}::float8 * interval '1 ms')
      returning event`);
    return rows.length > 0;
  }

  /** Notes that the other system has taken a notice, or that it has not, so that it is told again. */
  async settle(db: Queryable, run: bigint, event: string, isSent: boolean): Promise<void> {
    await db.query(sql`
      update ${this.#schema.table("notice")}
      set sent_at = case when ${isSent}::boolean then pg_catalog.clock_timestamp() end,
        claimed_at = null
      where run_id = ${run}::bigint
        and event = ${event}`);
  }

  /** Nothing more is to be told of a run. */
  async unwatch(db: Queryable, run: bigint): Promise<void> {
    await this.forget(db, run, watched);
  }

  /** Forgets that an event was told: it may happen again. null forgets all of them. */
  async forget(db: Queryable, run: bigint, event: string | null): Promise<void> {
    await db.query(sql`
      delete from ${this.#schema.table("notice")}
      where run_id = ${run}::bigint
        and case when ${event}::text is null then event <> ${watched} else event = ${event}::text end`);
  }
}
