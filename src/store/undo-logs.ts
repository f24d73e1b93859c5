import { quoteIdentifier, raw, type Sql, sql } from "../postgres/sql/sql.ts";
import type { Queryable, Transaction } from "../postgres/transaction/database.ts";
import { giveToRunners } from "./schema/give-to-runners.ts";
import type { StoreSchema } from "./schema/store-schema.ts";

/** The undo logs: one table for each run, written by the run's batches and dropped as a whole. */
export class UndoLogs {
  readonly #schema: StoreSchema;

  constructor(schema: StoreSchema) {
    this.#schema = schema;
  }

  /** The log of a run, for a statement; `<run>` stands for any run when a plan is shown. */
  table(run: bigint | "<run>"): Sql {
    return this.#schema.table(`undo_${run}`);
  }

  /**
   * Creates the log of a run, in the transaction that creates the run. The log is only appended to, so that
   * only protection against wraparound needs to vacuum it.
   */
  async create(
    tx: Transaction,
    run: bigint,
    columns: readonly { readonly name: string; readonly type: string }[],
  ): Promise<void> {
    const list = columns.map(({ name, type }) => `${quoteIdentifier(name)} ${type}`).join(",\n        ");
    await tx.query(sql`
      create table ${this.table(run)} (
        kind "char" not null,
        sweep smallint not null,
        ${raw(list)}
      ) with (autovacuum_vacuum_insert_threshold = -1)`);
    await this.identify(tx, run);
    await giveToRunners(tx, this.#schema, this.table(run));
  }

  /** An erasure updates logs; if all tables are published, PostgreSQL requires a replica identity for it. */
  async identify(tx: Transaction, run: bigint): Promise<void> {
    await tx.query(sql`alter table ${this.table(run)} replica identity full`);
  }

  async exists(db: Queryable, run: bigint): Promise<boolean> {
    const name = `${quoteIdentifier(this.#schema.name)}.${quoteIdentifier(`undo_${run}`)}`;
    const { rows } = await db.query(sql`select pg_catalog.to_regclass(${name}) is not null as found`);
    return rows[0]?.found === "t";
  }

  /** Bytes that the log of a run takes, including values stored out of line; 0 when there is none. */
  async bytes(db: Queryable, run: bigint): Promise<number> {
    const name = `${quoteIdentifier(this.#schema.name)}.${quoteIdentifier(`undo_${run}`)}`;
    const { rows } = await db.query(sql`
      select coalesce(pg_catalog.pg_total_relation_size(pg_catalog.to_regclass(${name})), 0) as bytes`);
    return Number(rows[0]?.bytes ?? 0);
  }

  /** Drops the log of a run where it is there. */
  async drop(db: Queryable, run: bigint): Promise<void> {
    await db.query(sql`drop table if exists ${this.table(run)}`);
  }
}
