import type { ColumnCodec } from "../job/columns/column-codec.ts";
import type { Bounds, KeyText } from "../postgres/catalog/key.ts";
import type { Transaction } from "../postgres/transaction/database.ts";
import type { Walk } from "./walk.ts";

/** A row as it travels: the texts of its key first, then those of the columns that the transform sees. */
export type TextRow = readonly (string | null)[];

/** A record of a file that cannot become a row: rejected as it is, the rows around it go on. */
export class BadRecord {
  readonly key: KeyText;
  /** names the line and the column, never a value */
  readonly reason: string;

  constructor(key: KeyText, reason: string) {
    this.key = key;
    this.reason = reason;
  }
}

/** The reason of a reject, with the place that people have to look at. */
export function reasonAt(source: ReadableSource, key: KeyText, reason: string): string {
  return source.placeOf === undefined ? reason : `${source.placeOf(key)}, ${reason}`;
}

/** What a source yields: a row, or a record that could not become one. */
export type SourceRow = TextRow | BadRecord;

/** One column that a transform reads, and where it stands in a `TextRow`. */
export interface ReadColumn {
  readonly name: string;
  readonly at: number;
  readonly codec: ColumnCodec;
}

/** A source whose rows come to the client: what a row job needs of it. */
export interface ReadableSource {
  readonly walk: Walk;
  /** how many values of a `TextRow` are its key */
  readonly keyWidth: number;
  readonly columns: readonly ReadColumn[];
  /** Where people find the row with this key, `line 7`; absent where the key itself tells. */
  placeOf?(key: KeyText): string;
  /** The rows within `bounds` in key order, `portion()` at a time; those of a table that will be written are locked. */
  read(tx: Transaction, bounds: Bounds, portion: () => number): AsyncGenerator<readonly SourceRow[]>;
  /**
   * What stands before each of these rows, by `nameOfPlace`, so that they can be read apart from the others; null before the
   * first. Absent where the database finds them by their keys.
   */
  before?(keys: readonly KeyText[]): Promise<ReadonlyMap<string, KeyText | null>>;
}
