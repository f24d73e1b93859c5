import type { KeyText } from "../../postgres/catalog/key.ts";
import { TextColumns } from "../../postgres/sql/text-columns.ts";

/** What a transform has made of source rows: one row, several or none of each. */
export class OutgoingRows {
  /** the keys of the source rows */
  readonly keys = new TextColumns();
  /** which version of each source row was read: its `ctid` and its `xmin`; empty where rows are locked */
  readonly versions = new TextColumns();
  /** the texts of the sink's columns, for each outgoing row */
  readonly values = new TextColumns();
  /** for each outgoing row the place of its source row in `keys`; the rows of one are adjacent */
  readonly sources: number[] = [];
  readonly #named = new Map<number, KeyText>();

  /** How many rows are to be written. */
  get length(): number {
    return this.sources.length;
  }

  /** Whether some source row has become more than one row. */
  get isOneToMany(): boolean {
    return this.sources.some((source, index) => source === this.sources[index - 1]);
  }

  /** Adds the next row made of the source row that was last added to `keys`. */
  push(values: readonly (string | null)[]): void {
    this.sources.push(this.keys.length - 1);
    this.values.push(values);
  }

  /** The key of a source row; the same array each time. */
  keyAt(source: number): KeyText {
    const known = this.#named.get(source) ?? this.keys.row(source).map((text) => text ?? "");
    this.#named.set(source, known);
    return known;
  }

  /** For each outgoing row the key of its source row; without source rows whose keys `keyAt` has returned. */
  keysOfRows(without: readonly KeyText[] = []): TextColumns {
    return this.keys.pick(this.#sourcesWithout(without));
  }

  /** How many of the outgoing rows `keysOfRows` names. */
  countOfRows(without: readonly KeyText[]): number {
    return this.#sourcesWithout(without).length;
  }

  // By identity: `keyAt` returns the same array for the same source row.
  #sourcesWithout(keys: readonly KeyText[]): readonly number[] {
    const left = new Set(keys);
    return this.sources.filter((source) => {
      const key = this.#named.get(source);
      return key === undefined || !left.has(key);
    });
  }
}
