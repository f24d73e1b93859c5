import { NotCommittedError } from "../../errors.ts";
import type { Bounds, KeyText } from "../../postgres/catalog/key.ts";
import { qualifiedName } from "../../postgres/catalog/relation.ts";
import { raw, type Sql, sql } from "../../postgres/sql/sql.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import { readKeys } from "../../sink/write/read-keys.ts";
import type { SqlSink } from "../../sink/write/sink.ts";
import type { OpenedTable } from "../../source/table/opened-table.ts";
import type { Batch, BatchOutcome, BatchWork } from "../batch/batch-work.ts";
import { conflictReject, stillPendingError, swallowedReject } from "../rows/row-rejects.ts";
import type { TargetOf } from "../undo-log/image-target.ts";

const triesAtMost = 8;

/** The batch of an SQL job: one statement over the batch's keys. No row leaves the database. */
export class SqlBatch implements BatchWork {
  readonly #source: OpenedTable;
  readonly #sink: SqlSink;
  readonly #targetOf: TargetOf;
  readonly #table: string;
  #tries = 0;

  /** `table` is the name of the table that is written. */
  constructor(source: OpenedTable, sink: SqlSink, targetOf: TargetOf, table: string) {
    this.#table = table;
    this.#source = source;
    this.#sink = sink;
    this.#targetOf = targetOf;
  }

  async do(tx: Transaction, { bounds, sweep, clock }: Batch): Promise<BatchOutcome> {
    // A pending row is always written. Otherwise count the rows in scope to learn how many stay unchanged,
    // and do it before the write: afterwards the job's own `where` may no longer find them.
    const isCounted = this.#sink.countsRows && this.#source.definition.pending === null;
    const found = isCounted ? await clock.during("read", () => this.#count(tx, bounds)) : 0;
    const inScope = this.#source.condition(bounds);
    const images = this.#targetOf(sweep);
    // Rows that a sweep finds may be pending because a new trigger swallows them.
    const isAsked = sweep > 0 || this.#sink.guards.some(({ isThere }) => isThere);
    const asked = isAsked ? await clock.during("read", () => this.#ask(tx, inScope)) : [];
    const done = await clock.during("write", () => this.#sink.write(tx, bounds, inScope, images));
    this.#requireDone(done.stillPending);
    const { written, conflicted, refused } = done;
    // Counts do not suffice: a late row may be written while another row is swallowed.
    const left = asked.length > 0 ? await this.#left(tx, bounds, asked) : done.swallowedKeys;
    const swallowed = Math.max(done.swallowed, left.length);
    const read = done.incoming ?? Math.max(found, written + done.unchanged + refused.length + swallowed);
    return {
      read,
      written,
      unchanged: Math.max(done.unchanged, found - written - swallowed),
      conflicted,
      skipped: 0,
      rejects: [...refused.map(conflictReject), ...left.map((key) => swallowedReject(key, this.#table))],
      swallowed: swallowed - left.length,
      freed: null,
      notes: [],
      isAsync: false,
    };
  }

  // A row that came while an insert was under way is pending too. Trying the batch again inserts it.
  #requireDone(stillPending: number): void {
    this.#tries = stillPending === 0 ? 0 : this.#tries + 1;
    if (stillPending === 0) return;
    if (this.#sink.mayMeetLateRows && this.#tries <= triesAtMost)
      throw new NotCommittedError("rows came during its write");
    throw stillPendingError(stillPending);
  }

  /** Locks the rows to be written and returns their keys, so that `#left` can tell which were not written. */
  async #ask(tx: Transaction, inScope: Sql): Promise<readonly KeyText[]> {
    const { toWrite } = this.#sink;
    if (toWrite === null) return [];
    const { key, relation } = this.#source;
    return readKeys(
      tx,
      sql`select pg_catalog.json_build_array(${key.asTexts()}) as key
      from ${qualifiedName(relation)} as ${raw(key.alias)}
      where ${toWrite(inScope)}
      order by ${key.list}
      for no key update of ${raw(key.alias)}`,
    );
  }

  /** The keys of `asked` that this transaction has not written. */
  async #left(tx: Transaction, bounds: Bounds, asked: readonly KeyText[]): Promise<readonly KeyText[]> {
    const { key, relation } = this.#source;
    // A row to be deleted that still exists was not deleted, even if a trigger wrote to it.
    const written =
      this.#sink.comparing?.shouldBeGone === true
        ? raw("")
        : raw(` and ${key.alias}.xmin <> pg_catalog.pg_current_xact_id()::pg_catalog.xid`);
    return readKeys(
      tx,
      sql`select pg_catalog.json_build_array(${key.asTexts()}) as key
      from ${qualifiedName(relation)} as ${raw(key.alias)}
      where ${key.within(bounds)}
        and ${key.among(asked)}${written}`,
    );
  }

  async #count(tx: Transaction, bounds: Bounds): Promise<number> {
    const { rows } = await tx.query(sql`
      select pg_catalog.count(*) as rows
      from ${qualifiedName(this.#source.relation)} as ${raw(this.#source.key.alias)}
      where ${this.#source.condition(bounds)}`);
    return Number(rows[0]?.rows ?? 0);
  }
}
