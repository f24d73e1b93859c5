import type { Bounds, Key, KeyText } from "../../postgres/catalog/key.ts";
import { type Column, qualifiedName, type Relation } from "../../postgres/catalog/relation.ts";
import type { TriggerGuard } from "../../postgres/catalog/trigger-guard.ts";
import { raw, type Sql, sql } from "../../postgres/sql/sql.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import type { ImageTarget, SinkImages } from "../images/images.ts";
import type { SqlComparing } from "./comparing.ts";
import { incomingExpressions, plainExpressions } from "./incoming.ts";
import type { InsertStatement } from "./insert-statement.ts";
import type { SqlSink } from "./sink.ts";
import { withSwallowedInserts } from "./swallowed-inserts.ts";
import { countWritten, type Written } from "./written.ts";

/** The table that an SQL job inserts from and leaves unchanged. */
export interface InsertFrom {
  readonly relation: Relation;
  readonly key: Key;
  /** the job's `pending`, where it must be false once a row is inserted */
  readonly pending: Sql | null;
}

/** The insert of an SQL job: `insert … select` over the batch's keys. */
export class InsertBySql implements SqlSink {
  readonly countsRows = false;
  readonly toWrite = null;
  readonly mayMeetLateRows = true;
  readonly #from: InsertFrom;
  readonly #columns: readonly Column[];
  readonly #expressions: Readonly<Record<string, Sql>>;
  readonly #insert: InsertStatement;

  constructor(
    from: InsertFrom,
    columns: readonly Column[],
    expressions: Readonly<Record<string, Sql>>,
    insert: InsertStatement,
  ) {
    this.#from = from;
    this.#columns = columns;
    this.#expressions = expressions;
    this.#insert = insert;
  }

  get guards(): readonly TriggerGuard[] {
    return [this.#insert.guard];
  }

  images(isEncrypted: boolean): SinkImages {
    return this.#insert.images(isEncrypted);
  }

  async write(tx: Transaction, _bounds: Bounds, inScope: Sql, images: ImageTarget | null): Promise<Written> {
    const incoming = this.#incoming(inScope);
    if (images !== null) await this.#insert.prepare(tx, incoming);
    const counted = await countWritten(tx, this.#insert.build(incoming, images));
    const tried = (counted.incoming ?? 0) - counted.refused.length;
    const done = this.#insert.guard.isThere
      ? await withSwallowedInserts(tx, counted, tried, {
          incoming,
          lookup: this.#insert.lookup,
          conflict: this.#insert.conflict,
          keyOf: (source) => JSON.parse(source) as KeyText,
        })
      : counted;
    const stillPending = (await this.#stillPending(tx, inScope)) - done.swallowed;
    return { ...done, stillPending: Math.max(0, stillPending) };
  }

  statement(_bounds: Bounds, inScope: Sql, images: ImageTarget | null): Sql {
    return this.#insert.build(this.#incoming(inScope), images);
  }

  #incoming(inScope: Sql): Sql {
    const { relation, key } = this.#from;
    const from = sql`${qualifiedName(relation)} as ${raw(key.alias)}
      where ${inScope}`;
    if (this.#insert.isPlain) return plainExpressions(this.#columns, this.#expressions, from);
    return incomingExpressions(this.#columns, this.#expressions, key, from);
  }

  get comparing(): SqlComparing | null {
    const { lookup } = this.#insert;
    if (lookup === null) return null;
    return {
      shouldBeGone: false,
      differences: ({ from, inScope }) => {
        const rows = sql`${from}
      where ${inScope}`;
        const incoming = incomingExpressions(this.#columns, this.#expressions, this.#from.key, rows);
        return lookup.missing(incoming, "source as key");
      },
    };
  }

  async #stillPending(tx: Transaction, inScope: Sql): Promise<number> {
    const { relation, key, pending } = this.#from;
    if (pending === null) return 0;
    const { rows } = await tx.query(sql`select pg_catalog.count(*) as rows
      from ${qualifiedName(relation)} as ${raw(key.alias)}
      where ${inScope}`);
    return Number(rows[0]?.rows ?? 0);
  }
}
