import type { Queryable, Transaction } from "../postgres/database.ts";
import type { KeyText } from "../postgres/key.ts";
import { sql } from "../postgres/sql.ts";
import type { StoreSchema } from "./schema.ts";
import { fromTextArray, toTextArray } from "./text-array.ts";

/** A row that was kept aside: its key and why, never its values. */
export interface Reject {
  readonly key: KeyText;
  /** null when the transform refused the row, else what PostgreSQL answered */
  readonly sqlstate: string | null;
  readonly reason: string;
}

export interface StoredReject extends Reject {
  readonly range: bigint;
  readonly rejectedAt: string;
}

/** The rows that runs could not do. */
export class Rejects {
  readonly #schema: StoreSchema;

  constructor(schema: StoreSchema) {
    this.#schema = schema;
  }

  /** Keeps rejects in the batch's transaction; answers how many were not known yet (a sweep meets old ones again). */
  async add(tx: Transaction, run: bigint, range: bigint, rejects: readonly Reject[]): Promise<number> {
    if (rejects.length === 0) return 0;
    const keys = rejects.map(({ key }) => toTextArray(key));
    const states = rejects.map(({ sqlstate }) => sqlstate);
    const reasons = rejects.map(({ reason }) => reason.slice(0, 500));
    const { count } = await tx.query(sql`
      insert into ${this.#schema.table("reject")} (run_id, key, range_number, sqlstate, reason)
      select ${run}::bigint, fresh.key::text[], ${range}::bigint, fresh.sqlstate, fresh.reason
      from rows from (
        pg_catalog.unnest(${keys}::text[]),
        pg_catalog.unnest(${states}::text[]),
        pg_catalog.unnest(${reasons}::text[])
      ) as fresh(key, sqlstate, reason)
      on conflict (run_id, key) do nothing`);
    return count;
  }

  /**
   * Moves the rejects of a run to the list of what another run has to try once more: no row is on both, so that none is done
   * twice. Answers how many there were.
   */
  async handOver(tx: Transaction, from: bigint, to: bigint): Promise<number> {
    const { count } = await tx.query(sql`
      with taken as (
        delete from ${this.#schema.table("reject")}
        where run_id = ${from}::bigint
        returning key
      )
      insert into ${this.#schema.table("retry")} (run_id, key)
      select ${to}::bigint, key
      from taken`);
    return count;
  }

  /** The keys that a run has to try once more. */
  async listedFor(db: Queryable, run: bigint): Promise<KeyText[]> {
    const { rows } = await db.query(sql`
      select key
      from ${this.#schema.table("retry")}
      where run_id = ${run}::bigint`);
    return rows.map(({ key }) => fromTextArray(key) ?? []);
  }

  /** Rejects of a run and the rows that it has read, by what is committed and by this transaction. */
  async standing(db: Queryable, run: bigint): Promise<{ readonly rejects: number; readonly read: number }> {
    const { rows } = await db.query(sql`
      select (select count(*) from ${this.#schema.table("reject")} where run_id = ${run}::bigint) as rejects,
        (select coalesce(sum(rows_read), 0) from ${this.#schema.table("range")} where run_id = ${run}::bigint) as read`);
    return { rejects: Number(rows[0]?.rejects ?? 0), read: Number(rows[0]?.read ?? 0) };
  }

  async count(db: Queryable, run: bigint): Promise<number> {
    const { rows } = await db.query(sql`
      select count(*) as rejects
      from ${this.#schema.table("reject")}
      where run_id = ${run}::bigint`);
    return Number(rows[0]?.rejects ?? 0);
  }

  /** Up to `limit` rejects in the order they came. */
  async list(db: Queryable, run: bigint, limit: number): Promise<StoredReject[]> {
    const { rows } = await db.query(sql`
      select key, range_number, sqlstate, reason, rejected_at
      from ${this.#schema.table("reject")}
      where run_id = ${run}::bigint
      order by rejected_at, key
      limit ${limit}`);
    return rows.map((row) => ({
      key: fromTextArray(row.key) ?? [],
      range: BigInt(row.range_number ?? 0),
      sqlstate: row.sqlstate ?? null,
      reason: row.reason ?? "",
      rejectedAt: row.rejected_at ?? "",
    }));
  }
}
