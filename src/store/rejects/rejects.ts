import type { KeyText } from "../../postgres/catalog/key.ts";
import { swallowedState } from "../../postgres/failure/failure.ts";
import { raw, type Sql, sql } from "../../postgres/sql/sql.ts";
import { fromTextArray, toArrayText } from "../../postgres/sql/text-array.ts";
import type { Queryable, Row, Transaction } from "../../postgres/transaction/database.ts";
import type { StoreSchema } from "../schema/store-schema.ts";

/** A row that was rejected: its key and why, never its values. */
export interface Reject {
  readonly key: KeyText;
  /** null when the transform rejected the row; otherwise the SQLSTATE of the failed write */
  readonly sqlstate: string | null;
  readonly reason: string;
}

export interface StoredReject extends Reject {
  readonly range: bigint;
  readonly rejectedAt: string;
}

/** How many rows were put on the list of rejects or taken off it, by the kind of reason. */
export interface RejectCounts {
  /** refused by the transform or by PostgreSQL */
  readonly rejected: number;
  /** a trigger swallowed the write */
  readonly swallowed: number;
}

/** Rejects of a run, without swallowed writes, beside the rows that it has read. */
interface RejectStanding {
  readonly rejects: number;
  /** those of the rejects whose rows another session kept locked */
  readonly locked: number;
  readonly read: number;
}

/** Reject reasons that may have passed by the time the row is retried, as patterns of SQLSTATEs. */
const passingReasons = {
  /** writes to other rows of the run may have resolved it */
  constraint: "23%",
  slow: "57014",
  locked: "55P03",
  swallowed: swallowedState,
} as const;

export type PassingReason = keyof typeof passingReasons;

/** The condition that a row of the list, named `alias`, was rejected for one of these reasons. */
export function passing(alias: string, reasons: readonly PassingReason[]): Sql {
  return sql`${raw(alias)}.sqlstate like any (${reasons.map((reason) => passingReasons[reason])}::text[])`;
}

/** The rejects of all runs. */
export class Rejects {
  readonly #schema: StoreSchema;

  constructor(schema: StoreSchema) {
    this.#schema = schema;
  }

  /** Stores rejects in the batch's transaction. Returns how many are new: a sweep meets old rejects again. */
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

  /** The reason for which PostgreSQL refused most rows of a run, as a sentence; null when it refused none. */
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
    return row === undefined ? null : `The commonest reason for rejects (${row.rejects}): ${row.reason}.`;
  }

  /**
   * Moves the rejects of a run to the retry list of another run. No row is on both lists, so none is
   * processed twice. Returns how many rows were moved.
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

  /** The keys that a run has to retry. */
  async listedFor(db: Queryable, run: bigint): Promise<KeyText[]> {
    const { rows } = await db.query(sql`
      select key
      from ${this.#schema.table("retry")}
      where run_id = ${run}::bigint`);
    return rows.map(({ key }) => fromTextArray(key) ?? []);
  }

  /**
   * How many rejects a run has, without swallowed writes, and how many rows it has read: committed, or
   * written in this transaction.
   */
  async standing(db: Queryable, run: bigint): Promise<RejectStanding> {
    const { rows } = await db.query(sql`
      select count(*) as rejects,
        count(*) filter (where sqlstate = ${passingReasons.locked}) as locked,
        (select coalesce(sum(rows_read), 0) from ${this.#schema.table("range")} where run_id = ${run}::bigint) as read
      from ${this.#schema.table("reject")}
      where run_id = ${run}::bigint
        and sqlstate is distinct from ${swallowedState}`);
    const [row] = rows;
    return {
      rejects: Number(row?.rejects ?? 0),
      locked: Number(row?.locked ?? 0),
      read: Number(row?.read ?? 0),
    };
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

  /** The reasons of these rejects in words: at most three, the commonest first. */
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

  /** Up to `limit` rejects, oldest first. */
  async list(db: Queryable, run: bigint, limit: number): Promise<StoredReject[]> {
    const { rows } = await db.query(sql`
      select key, range_number, sqlstate, reason, rejected_at
      from ${this.#schema.table("reject")}
      where run_id = ${run}::bigint
      order by rejected_at, key
      limit ${limit}`);
    return rows.map(toReject);
  }
}

/** Counts the rejects that `statement` adds to the list or removes; it returns their `sqlstate`. */
export async function countRejects(tx: Transaction, statement: Sql): Promise<RejectCounts> {
  const { rows } = await tx.query(sql`with changed as (
      ${statement}
    )
    select pg_catalog.count(*) filter (where sqlstate is distinct from ${swallowedState}) as rejected,
      pg_catalog.count(*) filter (where sqlstate = ${swallowedState}) as swallowed
    from changed`);
  return { rejected: Number(rows[0]?.rejected ?? 0), swallowed: Number(rows[0]?.swallowed ?? 0) };
}

/** A row of the list of rejects as its table holds it. */
export function toReject(row: Row): StoredReject {
  return {
    key: fromTextArray(row.key) ?? [],
    range: BigInt(row.range_number ?? 0),
    sqlstate: row.sqlstate ?? null,
    reason: row.reason ?? "",
    rejectedAt: row.rejected_at ?? "",
  };
}
