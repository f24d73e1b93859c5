import { createHash } from "node:crypto";
import { sameTexts } from "../postgres/catalog/key.ts";
import { quoteIdentifier, raw, type Sql, sql } from "../postgres/sql/sql.ts";
import { toArrayText } from "../postgres/sql/text-array.ts";
import type { Queryable, Row, Transaction } from "../postgres/transaction/database.ts";
import { giveToRunners } from "./schema/give-to-runners.ts";
import type { StoreSchema } from "./schema/store-schema.ts";

/** An answer of another system, kept until the batch that writes it has committed. */
export interface StoredAnswer {
  readonly key: readonly string[];
  /** a hash of what was asked about */
  readonly input: string;
  /** null while it is unknown whether the call was made: a claim */
  readonly answer: string | null;
}

/** Where the answers of a run are, and how their text is encrypted; null where it is not. */
export interface AnswerTable {
  readonly table: Sql;
  readonly encryption: { readonly schema: string; readonly password: string } | null;
}

/** The name of a key in answer tables, since a key may be longer than a b-tree entry can hold. */
export function answerId(key: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(key)).digest("hex");
}

/** The answers that runs keep: a table for each run whose job has `calls`, and one for dry runs. */
export class Answers {
  readonly #schema: StoreSchema;

  constructor(schema: StoreSchema) {
    this.#schema = schema;
  }

  table(run: bigint): Sql {
    return this.#schema.table(`answer_${run}`);
  }

  /**
   * Creates a run's table in the transaction that creates the run. It takes over what dry runs of its job
   * were answered, unless the run keeps them encrypted or must not know of calls that it has not made.
   */
  async create(
    tx: Transaction,
    run: bigint,
    job: string,
    { isEncrypted, adopts }: { readonly isEncrypted: boolean; readonly adopts: boolean },
  ): Promise<void> {
    await tx.query(sql`
      create table ${this.table(run)} (
        id text primary key,
        key text[] not null,
        input text not null,
        answer ${raw(isEncrypted ? "bytea" : "text")},
        at timestamptz not null default pg_catalog.clock_timestamp(),
        used_at timestamptz
      )`);
    await giveToRunners(tx, this.#schema, this.table(run));
    if (isEncrypted || !adopts) {
      await tx.query(sql`delete from ${this.#schema.table("dry_answer")} where job = ${job}`);
      return;
    }
    await tx.query(sql`
      with found as (
        delete from ${this.#schema.table("dry_answer")}
        where job = ${job}
        returning id, key, input, answer
      )
      insert into ${this.table(run)} (id, key, input, answer)
      select id, key, input, answer
      from found`);
  }

  /**
   * Claims rows for calls that begin now. Returns the ids of those that had no claim and no answer: a claim
   * of another session that has not ended is waited for.
   */
  async claim(db: Queryable, table: Sql, rows: readonly StoredAnswer[]): Promise<readonly string[]> {
    if (rows.length === 0) return [];
    const claimed = await db.query(sql`
      insert into ${table} (id, key, input)
      select each.id, each.key::text[], each.input
      from ${listed(rows)}
      order by each.id
      on conflict (id) do nothing
      returning id`);
    return claimed.rows.map(({ id }) => id ?? "");
  }

  /**
   * Keeps answers; a newer one of the same row replaces an older one. None about a row that was erased while
   * it was asked about.
   */
  async keep(db: Queryable, to: AnswerTable, answers: readonly StoredAnswer[]): Promise<void> {
    if (answers.length === 0) return;
    const text =
      to.encryption === null
        ? raw("each.answer")
        : sql`${pgcrypto(to.encryption, "pgp_sym_encrypt")}(each.answer, ${to.encryption.password}::text)`;
    await db.query(sql`
      insert into ${to.table} as kept (id, key, input, answer)
      select each.id, each.key::text[], each.input, ${text}
      from ${listed(answers)}
      where not exists (
        select from ${this.#schema.table("erased")} as erased
        where ${sameTexts(raw("erased.key"), raw("each.key::text[]"))})
      order by each.id
      on conflict (id) do update
      set input = excluded.input,
        answer = excluded.answer,
        at = pg_catalog.clock_timestamp(),
        used_at = null`);
  }

  /** The kept answers and claims of these rows, by `answerId`. */
  async find(
    db: Queryable,
    { table, encryption }: AnswerTable,
    ids: readonly string[],
  ): Promise<ReadonlyMap<string, Omit<StoredAnswer, "key">>> {
    const text =
      encryption === null
        ? raw("answer")
        : sql`${pgcrypto(encryption, "pgp_sym_decrypt")}(answer, ${encryption.password}::text)`;
    const { rows } = await db.query(sql`
      select id, input, ${text} as answer
      from ${table}
      where id = any(${ids}::text[])`);
    return byId(rows);
  }

  /** Drops the answers of these rows, or marks them as used where they stay for a verify. */
  async use(tx: Transaction, table: Sql, ids: readonly string[], areKept: boolean): Promise<void> {
    await tx.query(
      areKept
        ? sql`update ${table} set used_at = pg_catalog.clock_timestamp() where id = any(${ids}::text[])`
        : sql`delete from ${table} where id = any(${ids}::text[])`,
    );
  }

  /** Keeps what a dry run was answered, for the next run of the job. */
  async keepDry(db: Queryable, job: string, answers: readonly StoredAnswer[]): Promise<void> {
    await db.query(sql`
      insert into ${this.#schema.table("dry_answer")} as kept (job, id, key, input, answer)
      select ${job}::text, each.id, each.key::text[], each.input, each.answer
      from ${listed(answers)}
      on conflict (job, id) do update
      set input = excluded.input, answer = excluded.answer, at = pg_catalog.clock_timestamp()`);
  }

  /** What earlier dry runs of a job were answered about these rows, by `answerId`. */
  async findDry(
    db: Queryable,
    job: string,
    ids: readonly string[],
  ): Promise<ReadonlyMap<string, Omit<StoredAnswer, "key">>> {
    const { rows } = await db.query(sql`
      select id, input, answer
      from ${this.#schema.table("dry_answer")}
      where job = ${job}
        and id = any(${ids}::text[])`);
    return byId(rows);
  }

  /** How many answers of a run wait for their batch; counts up to 100,000. */
  async waiting(db: Queryable, run: bigint): Promise<number> {
    const { rows } = await db.query(sql`
      select pg_catalog.count(*) as waiting
      from (
        select from ${this.table(run)} where used_at is null and answer is not null limit 100000
      ) as few`);
    return Number(rows[0]?.waiting ?? 0);
  }

  /**
   * Removes what other systems said about a row; returns how many answers that were. Waits for answers that
   * are being written; later ones meet the row's tombstone.
   */
  async erase(tx: Transaction, run: bigint, key: readonly string[]): Promise<number> {
    await tx.query(sql`lock table ${this.table(run)} in share row exclusive mode`);
    return (await tx.query(sql`delete from ${this.table(run)} where id = ${answerId(key)}`)).count;
  }

  /** The same for what dry runs asked, whatever their job. */
  async eraseDry(tx: Transaction, key: readonly string[]): Promise<number> {
    const dry = this.#schema.table("dry_answer");
    return (await tx.query(sql`delete from ${dry} where id = ${answerId(key)}`)).count;
  }

  /** Drops what dry runs were answered longer ago than this. */
  async purgeDry(tx: Transaction, olderThanMs: number): Promise<void> {
    await tx.query(sql`
      delete from ${this.#schema.table("dry_answer")}
      where at < pg_catalog.clock_timestamp() - ${olderThanMs}::float8 * interval '1 ms'`);
  }

  async drop(db: Queryable, run: bigint): Promise<void> {
    await db.query(sql`drop table if exists ${this.table(run)}`);
  }
}

function byId(rows: readonly Row[]): ReadonlyMap<string, Omit<StoredAnswer, "key">> {
  return new Map(
    rows.map(({ id, input, answer }) => [id ?? "", { input: input ?? "", answer: answer ?? null }]),
  );
}

function pgcrypto({ schema }: { readonly schema: string }, name: string): Sql {
  return raw(`${quoteIdentifier(schema)}.${name}`);
}

function listed(answers: readonly StoredAnswer[]): Sql {
  return sql`rows from (
        pg_catalog.unnest(${answers.map(({ key }) => answerId(key))}::text[]),
        pg_catalog.unnest(${answers.map(({ key }) => toArrayText(key))}::text[]),
        pg_catalog.unnest(${answers.map(({ input }) => input)}::text[]),
        pg_catalog.unnest(${answers.map(({ answer }) => answer)}::text[])
      ) as each(id, key, input, answer)`;
}
