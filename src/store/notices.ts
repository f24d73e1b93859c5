import { raw, sql } from "../postgres/sql/sql.ts";
import type { Queryable, Row } from "../postgres/transaction/database.ts";
import type { StoreSchema } from "./schema/store-schema.ts";

/** A process that claims a notice and vanishes leaves it to another one after so long. */
const claimSeconds = 60;
/** The event that stands for a run whose state is looked at. */
const watched = "watched";

/** A notice that waits to be told. */
export interface StoredNotice {
  readonly run: bigint;
  readonly event: string;
  /** counts how often the event happened to the run, from 1 */
  readonly occurrence: number;
  /** JSON, as the caller made it */
  readonly notice: string;
}

/**
 * What is to be told of runs, and what was told: a notice is written down when its event is first seen, and stays
 * until the receiver has taken it.
 */
export class Notices {
  readonly #schema: StoreSchema;

  constructor(schema: StoreSchema) {
    this.#schema = schema;
  }

  /** From now on the state of this run is looked at; what happens to it from here on happens once more. */
  async watch(db: Queryable, run: bigint): Promise<void> {
    await this.end(db, run, []);
    await db.query(sql`
      insert into ${this.#schema.table("notice")} (run_id, event, occurrence)
      values (${run}::bigint, ${watched}, 0)
      on conflict do nothing`);
  }

  /**
   * The same for the runs that are at work, and for those that were created after the run `since`. Returns the newest
   * run, or 0 when there is none.
   */
  async watchNew(db: Queryable, since: bigint | null): Promise<bigint> {
    const { rows } = await db.query(sql`
      with fresh as (
        insert into ${this.#schema.table("notice")} (run_id, event, occurrence)
        select id, ${watched}, 0
        from ${this.#schema.table("run")}
        where status in ('pending', 'running')
          or id > ${since}::bigint
        on conflict do nothing
      )
      select coalesce(max(id), 0) as newest
      from ${this.#schema.table("run")}`);
    return BigInt(rows[0]?.newest ?? 0);
  }

  /** The runs whose state is looked at. */
  async watchedRuns(db: Queryable): Promise<readonly bigint[]> {
    const { rows } = await db.query(sql`
      select run_id
      from ${this.#schema.table("notice")}
      where event = ${watched}
      order by run_id`);
    return rows.map(({ run_id: run }) => BigInt(run ?? 0));
  }

  /** Nothing more can happen to a run. */
  async unwatch(db: Queryable, run: bigint): Promise<void> {
    await db.query(sql`
      delete from ${this.#schema.table("notice")}
      where run_id = ${run}::bigint
        and event = ${watched}`);
  }

  /** The events of a run that last: each was written down, and is not over. */
  async lasting(db: Queryable, run: bigint): Promise<readonly string[]> {
    const { rows } = await db.query(sql`
      select event
      from ${this.#schema.table("notice")}
      where run_id = ${run}::bigint
        and event <> ${watched}
        and not is_over`);
    return rows.map(({ event }) => event ?? "");
  }

  /** All lasting events of a run but `stay` are over: they may happen again. What was not told stays to be told. */
  async end(db: Queryable, run: bigint, stay: readonly string[]): Promise<void> {
    await db.query(sql`
      update ${this.#schema.table("notice")}
      set is_over = true
      where run_id = ${run}::bigint
        and not is_over
        and event <> ${watched}
        and event <> all(${stay}::text[])`);
  }

  /** How often an event was written down for a run. */
  async count(db: Queryable, run: bigint, event: string): Promise<number> {
    const { rows } = await db.query(sql`
      select coalesce(max(occurrence), 0) as occurrences
      from ${this.#schema.table("notice")}
      where run_id = ${run}::bigint
        and event = ${event}`);
    return Number(rows[0]?.occurrences ?? 0);
  }

  /** Writes a notice down; another process may have done so. */
  async add(db: Queryable, { run, event, occurrence, notice }: StoredNotice): Promise<void> {
    await db.query(sql`
      insert into ${this.#schema.table("notice")} (run_id, event, occurrence, notice)
      values (${run}::bigint, ${event}, ${occurrence}, ${notice}::jsonb)
      on conflict do nothing`);
  }

  /** Claims the oldest notice that waits, and that no other process is just telling; null when there is none. */
  async claim(db: Queryable): Promise<StoredNotice | null> {
    const { rows } = await db.query(sql`
      update ${this.#schema.table("notice")}
      set claimed_at = pg_catalog.clock_timestamp()
      where (run_id, event, occurrence) in (
        select run_id, event, occurrence
        from ${this.#schema.table("notice")}
        where notice is not null
          and sent_at is null
          and (claimed_at is null
            or claimed_at < pg_catalog.clock_timestamp() - ${raw(`interval '${claimSeconds} seconds'`)})
        order by noted_at, event
        limit 1
        for update skip locked)
      returning run_id, event, occurrence, notice`);
    return rows[0] === undefined ? null : toNotice(rows[0]);
  }

  /** Notes that the receiver has taken a notice, or that it has not, so that a later look tells it again. */
  async settle(db: Queryable, { run, event, occurrence }: StoredNotice, isSent: boolean): Promise<void> {
    await db.query(sql`
      update ${this.#schema.table("notice")}
      set sent_at = case when ${isSent}::boolean then pg_catalog.clock_timestamp() end,
        claimed_at = null
      where run_id = ${run}::bigint
        and event = ${event}
        and occurrence = ${occurrence}`);
  }
}

function toNotice(row: Row): StoredNotice {
  return {
    run: BigInt(row.run_id ?? 0),
    event: row.event ?? "",
    occurrence: Number(row.occurrence),
    notice: row.notice ?? "{}",
  };
}
