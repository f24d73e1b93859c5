import { sql } from "../../postgres/sql/sql.ts";
import type { Queryable } from "../../postgres/transaction/database.ts";
import type { StoreSchema } from "../schema/store-schema.ts";
import type { CallsPause, CallTally } from "./run.ts";

/** What the processes of a run agree on before they call another system. */
export class CallTurns {
  readonly #schema: StoreSchema;

  constructor(schema: StoreSchema) {
    this.#schema = schema;
  }

  /** No process of the run shall call the other system for that long. A longer wait stays. */
  async pause(db: Queryable, id: bigint, { ms, why }: CallsPause): Promise<void> {
    const until = sql`pg_catalog.clock_timestamp() + ${ms}::double precision * interval '1 ms'`;
    await db.query(sql`
      update ${this.#schema.table("run")}
      set calls_after = ${until},
        calls_wait = ${why}
      where id = ${id}::bigint
        and (calls_after is null or calls_after < ${until})`);
  }

  /**
   * Takes turns for so many calls, of all that the processes of a run may make: the virtual scheduling of the
   * generic cell rate algorithm (ITU-T I.371). Returns in how many milliseconds the first turn is; the rest
   * follow evenly.
   */
  async take(db: Queryable, id: bigint, calls: number, perSecond: number): Promise<number> {
    const seconds = sql`${calls / perSecond}::double precision * interval '1 second'`;
    const { rows } = await db.query(sql`
      update ${this.#schema.table("run")}
      set calls_next = greatest(calls_next, pg_catalog.clock_timestamp()) + ${seconds}
      where id = ${id}::bigint
      returning pg_catalog.date_part('epoch', calls_next - ${seconds} - pg_catalog.clock_timestamp()) * 1000 as due`);
    return Math.max(0, Number(rows[0]?.due ?? 0));
  }

  /** Adds calls to those of the run; returns false, and adds none, while the run's row is locked. */
  async count(db: Queryable, id: bigint, { made, failed, cost }: CallTally): Promise<boolean> {
    const { rows } = await db.query(sql`
      with free as (
        select id
        from ${this.#schema.table("run")}
        where id = ${id}::bigint
        for no key update skip locked
      )
      update ${this.#schema.table("run")} as run
      set calls_made = calls_made + ${made}::bigint,
        calls_failed = calls_failed + ${failed}::bigint,
        calls_cost = (
          select coalesce(pg_catalog.jsonb_object_agg(each.currency, each.amount), '{}')
          from (
            select part.key as currency, sum(part.value::double precision) as amount
            from (
              select * from pg_catalog.jsonb_each_text(run.calls_cost)
              union all
              select * from pg_catalog.jsonb_each_text(${JSON.stringify(cost)}::jsonb)
            ) as part
            group by part.key
          ) as each)
      where run.id in (select id from free)
      returning run.id`);
    return rows.length > 0;
  }
}
