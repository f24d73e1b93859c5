import type { ColumnCodec } from "../job/columns/column-codec.ts";
import type { Bounds, KeyText } from "../postgres/catalog/key.ts";
import type { TriggerGuard } from "../postgres/catalog/trigger-guard.ts";
import type { Transaction } from "../postgres/transaction/database.ts";
import type { Walk } from "./walk.ts";

/** A row in transit: the texts of its key first, then those of the columns that the transform reads. */
export type TextRow = readonly (string | null)[];

/** A record of a file that cannot become a row: it is rejected, and the rows around it are processed. */
export class BadRecord {
  readonly key: KeyText;
  /** names the line and the column, never a value */
  readonly reason: string;

  constructor(key: KeyText, reason: string) {
    this.key = key;
    this.reason = reason;
  }
}

/** The reason of a reject, with the place where a user finds the row. */
export function reasonAt(source: ReadableSource, key: KeyText, reason: string): string {
  return source.placeOf === undefined ? reason : `${source.placeOf(key)}, ${reason}`;
}

/** What a source yields: a row, or a record that could not become a row. */
export type SourceRow = TextRow | BadRecord;

/** One column that a transform reads, and its place in a `TextRow`. */
export interface ReadColumn {
  readonly name: string;
  readonly at: number;
  readonly codec: ColumnCodec;
}

/** How the rows of a source are met again when they are written. */
export interface RowVersions {
  /** the triggers beside which a version does not tell what became of a row, so that rows must be locked */
  readonly updates: TriggerGuard;
  /** the place in a `TextRow` of the row's `ctid`; its `xmin` is next to it */
  readonly at: number;
  /** Reads the rows within `bounds` and locks them, so that none can change before the write. */
  readLocked(tx: Transaction, bounds: Bounds, portion: () => number): AsyncGenerator<readonly SourceRow[]>;
  /** Reads those of these rows that are still in scope, and locks them, so that a write meets them for sure. */
  readAgain(
    tx: Transaction,
    bounds: Bounds,
    keys: readonly KeyText[],
    portion: () => number,
  ): AsyncGenerator<readonly SourceRow[]>;
}

/** A source whose rows come to the client, as a row job needs it. */
export interface ReadableSource {
  readonly walk: Walk;
  /** how many values of a `TextRow` are its key */
  readonly keyWidth: number;
  readonly columns: readonly ReadColumn[];
  /** Where a user finds the row with this key, `line 7`; absent where the key itself tells. */
  placeOf?(key: KeyText): string;
  /** The rows within `bounds` in key order, `portion()` at a time. */
  read(tx: Transaction, bounds: Bounds, portion: () => number): AsyncGenerator<readonly SourceRow[]>;
  /** The same without locks, where `read` locks the rows; absent where it does not. */
  readUnlocked?(tx: Transaction, bounds: Bounds, portion: () => number): AsyncGenerator<readonly SourceRow[]>;
  /** Present where rows are read without locks, and a write meets only the versions that were read. */
  readonly versions?: RowVersions;
  /**
   * The key of the row before each of these rows, by `nameOfPlace`, so that each can be read alone; null
   * before the first row. Absent where the database finds rows by their keys.
   */
  before?(keys: readonly KeyText[]): Promise<ReadonlyMap<string, KeyText | null>>;
}
