import type { FileRecord } from "./file-record.ts";

/** Each worker is at one place of the file, and looks at it twice for each batch. */
const keptAtMost = 32;

interface Parsed {
  readonly records: readonly FileRecord[];
  /** which record begins at an offset */
  readonly places: ReadonlyMap<number, number>;
}

/** Keeps what was parsed last, so that neither a batch's bound nor the next batch parses it once more. */
export class ParsedRanges {
  readonly #kept: Parsed[] = [];

  /** The records from this offset on, as far as they are kept; empty when none is. */
  from(byte: number): readonly FileRecord[] {
    for (const [index, { records, places }] of this.#kept.entries()) {
      const place = places.get(byte);
      if (place === undefined) continue;
      // What is in use stays longest.
      this.#kept.push(...this.#kept.splice(index, 1));
      return records.slice(place);
    }
    return [];
  }

  /** Keeps records that follow each other, the first of which begins at `byte`. */
  keep(byte: number, records: readonly FileRecord[]): void {
    const starts = [byte, ...records.slice(0, -1).map(({ span }) => span.end)];
    this.#kept.push({ records, places: new Map(starts.map((start, index) => [start, index])) });
    if (this.#kept.length > keptAtMost) this.#kept.shift();
  }
}
