import type { FileRecord } from "./file-record.ts";

/** Each worker is at one place in the file and reads it twice for each batch. */
const keptAtMost = 32;

interface Parsed {
  readonly records: readonly FileRecord[];
  /** the index of the record that begins at an offset */
  readonly places: ReadonlyMap<number, number>;
}

/** Keeps what was parsed last, so that neither a batch's bounds nor the next batch parse it again. */
export class ParsedRanges {
  readonly #kept: Parsed[] = [];

  /** The kept records from this offset on; empty when there are none. */
  from(byte: number): readonly FileRecord[] {
    for (const [index, { records, places }] of this.#kept.entries()) {
      const place = places.get(byte);
      if (place === undefined) continue;
      // What is in use is kept longest.
      this.#kept.push(...this.#kept.splice(index, 1));
      return records.slice(place);
    }
    return [];
  }

  /** Keeps consecutive records, the first of which begins at `byte`. */
  keep(byte: number, records: readonly FileRecord[]): void {
    const starts = [byte, ...records.slice(0, -1).map(({ span }) => span.end)];
    this.#kept.push({ records, places: new Map(starts.map((start, index) => [start, index])) });
    if (this.#kept.length > keptAtMost) this.#kept.shift();
  }
}
