import type { Bounds, KeyText } from "../../postgres/catalog/key.ts";
import { raw, type Sql, sql } from "../../postgres/sql/sql.ts";
import { TextColumns } from "../../postgres/sql/text-columns.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import type { RowComparing } from "../../sink/write/comparing.ts";
import {
  BadRecord,
  type ReadableSource,
  type SourceRow,
  type TextRow,
} from "../../source/readable-source.ts";
import type { Places } from "../../source/table/key-places.ts";
import type { OpenedTable } from "../../source/table/opened-table.ts";
import { type Batch, type BatchOutcome, type BatchWork, nothingDone } from "../batch/batch-work.ts";
import type { KnownRejects } from "../batch/known-rejects.ts";
import { Verdicts } from "../rows/verdicts.ts";
import { comparedScope, note, notRejected, settle } from "./compared-scope.ts";

/** Sorts the rows of a portion by what a transform makes of them. */
export interface Transforming {
  apply(portion: readonly SourceRow[], verdicts: Verdicts): Promise<void>;
}

interface Tools {
  readonly source: ReadableSource;
  /** the source if it is a table, and how its rows are found; both null otherwise */
  readonly table: OpenedTable | null;
  readonly places: Places | null;
  readonly transform: Transforming;
  readonly comparing: RowComparing;
  readonly rejects: KnownRejects | null;
}

const rowsAtOnce = 500;

/** The batch of a verify of a row job: the rows of a range of blocks go through the transform again. */
export class RowComparison implements BatchWork {
  readonly #tools: Tools;

  constructor(tools: Tools) {
    this.#tools = tools;
  }

  async do(tx: Transaction, batch: Batch): Promise<BatchOutcome> {
    const { bounds, clock } = batch;
    const expected = new Expected();
    const portions = this.#portions(tx, bounds);
    try {
      for (;;) {
        const portion = await clock.during("read", () => portions.next());
        if (portion.done === true) break;
        await clock.during("transform", () => this.#expect(portion.value, expected));
      }
    } finally {
      await portions.return(undefined);
    }
    // Compare only after the cursor is closed, since both use the same connection.
    const suspects = await clock.during("read", () => this.#differing(tx, expected));
    const still = suspects.length === 0 ? [] : await this.#lookAgain(tx, batch, suspects, expected);
    const { unanswered } = expected.verdicts;
    return {
      ...nothingDone,
      read: expected.read - unanswered,
      skipped: unanswered,
      conflicted: still.length,
      notes: still.map(note),
    };
  }

  #portions(tx: Transaction, bounds: Bounds): AsyncGenerator<readonly SourceRow[]> {
    const { places, source } = this.#tools;
    return places === null
      ? source.read(tx, bounds, () => rowsAtOnce)
      : tx.read(this.#statement(bounds, null), () => rowsAtOnce);
  }

  #statement(bounds: Bounds, keys: readonly KeyText[] | null): Sql {
    const { places, table, comparing, rejects } = this.#tools;
    if (places === null || table === null) throw new Error("Only a table is read by its blocks.");
    const { from, within } = places.place(bounds);
    const names = [...table.columns.map(({ name }) => name), ...comparing.current];
    const scope = comparedScope(table, within, comparing.shouldBeGone, rejects);
    const again = keys === null ? raw("") : sql` and ${table.key.among(keys)}`;
    return sql`select ${table.valuesOf(names)}
      from ${from}
      where ${scope}${again}`;
  }

  /** Adds what the transform makes of a portion's rows, and what these rows hold now. */
  async #expect(portion: readonly SourceRow[], expected: Expected): Promise<void> {
    const { transform, source } = this.#tools;
    const before = expected.verdicts.rows.length;
    await transform.apply(portion, expected.verdicts);
    expected.read += portion.length;
    const texts = portion.filter((row): row is TextRow => !(row instanceof BadRecord));
    const byKey = new Map(texts.map((row) => [identity(row.slice(0, source.keyWidth)), row]));
    const width = Math.max(source.keyWidth, ...source.columns.map(({ at }) => at + 1));
    const { rows } = expected.verdicts;
    for (const at of rows.sources.slice(before))
      expected.current.push(byKey.get(identity(rows.keys.row(at)))?.slice(width) ?? []);
  }

  /** The keys of the rows that are not as the transform makes them. */
  async #differing(tx: Transaction, { verdicts, current }: Expected): Promise<KeyText[]> {
    const { comparing, places, rejects } = this.#tools;
    const { rows: made } = verdicts;
    if (comparing.shouldBeGone) return Array.from({ length: made.keys.length }, (_, at) => made.keyAt(at));
    if (made.length === 0) return [];
    const { rows } = await tx.query(comparing.differences(made, current));
    const keys = distinct(rows.map((row) => made.keyAt(made.sources[Number(row.place)] ?? -1)));
    return places === null ? notRejected(tx, rejects, keys) : keys;
  }

  // Compare differing rows again, since the application may be in the middle of writing them.
  async #lookAgain(
    tx: Transaction,
    { bounds, clock }: Batch,
    keys: readonly KeyText[],
    before: Expected,
  ): Promise<KeyText[]> {
    // One wait for all rows. It does not count as time of the batch, since a smaller batch would wait just as
    // long.
    await clock.during("waiting", settle);
    // A source outside the database has not changed, so its rows need not be read again.
    if (this.#tools.places === null) return clock.during("read", () => this.#differing(tx, before));
    const { rows } = await clock.during("read", () => tx.query(this.#statement(bounds, keys)));
    const { table, comparing } = this.#tools;
    const names = [...(table?.columns.map(({ name }) => name) ?? []), ...comparing.current];
    const expected = new Expected();
    const again = rows.map((row) => names.map((name) => row[name] ?? null));
    await clock.during("transform", () => this.#expect(again, expected));
    return clock.during("read", () => this.#differing(tx, expected));
  }
}

/** For the rows of one batch: what they should hold, and what they hold. */
class Expected {
  readonly verdicts = new Verdicts();
  /** for each row of the verdicts, the present values of the columns that the sink writes */
  readonly current = new TextColumns();
  read = 0;
}

function identity(key: readonly (string | null)[]): string {
  return JSON.stringify(key);
}

function distinct(keys: readonly KeyText[]): KeyText[] {
  return [...new Map(keys.map((key) => [identity(key), key])).values()];
}
