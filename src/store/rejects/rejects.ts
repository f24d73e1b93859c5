import type { KeyText } from "../../postgres/catalog/key.ts";
import { swallowedState } from "../../postgres/failure/failure.ts";
import { raw, type Sql, sql } from "../../postgres/sql/sql.ts";
import { fromTextArray, toArrayText } from "../../postgres/sql/text-array.ts";
import type { Queryable, Transaction } from "../../postgres/transaction/database.ts";
import type { StoreSchema } from "../schema/store-schema.ts";

/** A row that was rejected: its key and why, never its values. */
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

/** Rows that were put on the list or taken off it, by why they are there. */
export interface RejectCounts {
  /** refused by the transform or by PostgreSQL */
  readonly rejected: number;
  /** a trigger swallowed the write */
  readonly swallowed: number;
}

/** Reasons of rejects that may have passed by the time they are tried again, and their SQLSTATEs. */
const passingReasons = {
  /** what other rows of the run become may make it possible */
  constraint: "23%",
  slow: "57014",
  locked: "55P03",
  swallowed: swallowedState,
} as const;

export type PassingReason = keyof typeof passingReasons;

/** The condition that a row of the list, called `alias`, was rejected for one of these reasons. */
export function passing(alias: string, reasons: readonly PassingReason[]): Sql {
  return sql`${raw(alias)}.sqlstate like any (${reasons.map((reason) => passingReasons[reason])}::text[])`;
}

/** The rows that runs could not do. */
export class Rejects {
  readonly #schema: StoreSchema;

  constructor(schema: StoreSchema) {
    this.#schema = schema;
  }

  /** Keeps rejects in the batch's transaction; answers how many were not known yet (a sweep meets old ones again). */
  async add(tx: Transaction, run: bigint, range: bigint, rejects: readonly Reject[]): Promise<RejectCounts> {
    if (rejects.length === 0) return { rejected: 0, swallowed: 0 };
    const keys = rejects.map(({ key }) => toArrayText(key));
    const states = rejects.map(({ sqlstate }) => sqlstate);
    const reasons = rejects.map(({ reason }) => reason.slice(0, 500));
    return countRejects(
      tx,
      sql`insert into ${this.#schema.table("reject")} (run_id, key, range_number, sqlstate, reason)
      select ${run}::bigint, fresh.key::text[], ${range}::bigint, fresh.sqlstate, fresh.reason
      from rows from (
        pg_catalog.unnest(${keys}::text[]),
        pg_catalog.unnest(${states}::text[]),
        pg_catalog.unnest(${reasons}::text[])
      ) as fresh(key, sqlstate, reason)
      on conflict do nothing
      returning sqlstate`,
    );
  }

  /** What PostgreSQL has refused most rows of a run for, in one sentence; null where it has refused none. */
  async commonest(db: Queryable, run: bigint): Promise<string | null> {
    const { rows } = await db.query(sql`
      select reason, pg_catalog.count(*) as rejects
      from ${this.#schema.table("reject")}
      where run_id = ${run}::bigint
        and sqlstate is not null
      group by reason
      order by rejects desc, reason
      limit 1`);
    const [row] = rows;
    return row === undefined ? null : `Rejects with one reason: ${row.rejects}, ${row.reason}.`;
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

  /** Rejects of a run, swallowed writes not among them, and the rows that it has read: what is committed, and by this transaction. */
  async standing(db: Queryable, run: bigint): Promise<{ readonly rejects: number; readonly read: number }> {
    const { rows } = await db.query(sql`
      select (select count(*) from ${this.#schema.table("reject")}
          where run_id = ${run}::bigint
            and sqlstate is distinct from ${swallowedState}) as rejects,
        (select coalesce(sum(rows_read), 0) from ${this.#schema.table("range")} where run_id = ${run}::bigint) as read`);
    return { rejects: Number(rows[0]?.rejects ?? 0), read: Number(rows[0]?.read ?? 0) };
  }

  /** Whether a run has rejects for one of these reasons. */
  async has(db: Queryable, run: bigint, reasons: readonly PassingReason[]): Promise<boolean> {
    const { rows } = await db.query(sql`
      select 1
      from ${this.#schema.table("reject")} as listed
      where listed.run_id = ${run}::bigint
        and ${passing("listed", reasons)}
      limit 1`);
    return rows.length > 0;
  }

  /** The reasons of these rejects, in words; three at most, the commonest first. */
  async reasons(db: Queryable, run: bigint, reasons: readonly PassingReason[]): Promise<string[]> {
    const { rows } = await db.query(sql`
      select listed.reason
      from ${this.#schema.table("reject")} as listed
      where listed.run_id = ${run}::bigint
        and ${passing("listed", reasons)}
      group by listed.reason
      order by pg_catalog.count(*) desc, listed.reason
      limit 3`);
    return rows.map(({ reason }) => reason ?? "");
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

/** Counts the rejects that a statement, which returns their `sqlstate`, puts on the list or takes off it. */
export async function countRejects(tx: Transaction, statement: Sql): Promise<RejectCounts> {
  const { rows } = await tx.query(sql`with changed as (
      ${statement}
    )
    select pg_catalog.count(*) filter (where sqlstate is distinct from ${swallowedState}) as rejected,
      pg_catalog.count(*) filter (where sqlstate = ${swallowedState}) as swallowed
    from changed`);
  return { rejected: Number(rows[0]?.rejected ?? 0), swallowed: Number(rows[0]?.swallowed ?? 0) };
}
