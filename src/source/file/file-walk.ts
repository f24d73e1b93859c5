import type { Bounds, KeyText } from "../../postgres/catalog/key.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import type { BatchBounds, Walk } from "../walk.ts";
import {
  endOf,
  type FileFormat,
  type FileRecord,
  keyOf,
  type Position,
  positionAfter,
} from "./file-record.ts";
import type { HashedFile } from "./hashed-file.ts";
import { ParsedRanges } from "./parsed-ranges.ts";

/** Walks a file from record to record. The transaction is not used: every process sees the same file. */
export class FileWalk implements Walk {
  readonly #file: HashedFile;
  readonly #format: FileFormat;
  readonly #start: Position;
  readonly #parsed = new ParsedRanges();

  /** `start` is where the first record begins, after a byte order mark and a header. */
  constructor(file: HashedFile, format: FileFormat, start: Position) {
    this.#file = file;
    this.#format = format;
    this.#start = start;
  }

  /** The records within `bounds`, as many at a time as one read of the file yields. */
  async *records({ after, through }: Bounds): AsyncGenerator<readonly FileRecord[]> {
    const end = through === null ? Number.POSITIVE_INFINITY : endOf(through);
    let from = after === null ? this.#start : positionAfter(after);
    // Stops at the last record of the bounds, so that nothing after it is read.
    while (from.byte < end) {
      const records = await this.#next(from);
      const last = records.at(-1);
      if (last === undefined) return;
      const beyond = records.findIndex(({ span }) => span.end > end);
      yield beyond === -1 ? records : records.slice(0, beyond);
      if (beyond !== -1) return;
      from = positionAfter(keyOf(last.span));
    }
  }

  /** The records that follow, from what was already parsed or from the file; empty at the file's end. */
  async #next(from: Position): Promise<readonly FileRecord[]> {
    const known = this.#parsed.from(from.byte);
    if (known.length > 0) return known;
    for await (const records of this.#format.records(this.#file.chunks(from.byte), from)) {
      if (records.length === 0) continue;
      this.#parsed.keep(from.byte, records);
      return records;
    }
    return [];
  }

  async hasRows(): Promise<boolean> {
    return true;
  }

  async boundary(_tx: Transaction, after: KeyText | null, rows: number): Promise<KeyText | null> {
    let passed = 0;
    for await (const records of this.records({ after, through: null })) {
      const record = records[rows - passed - 1];
      if (record !== undefined) return keyOf(record.span);
      passed += records.length;
    }
    return null;
  }

  async nextBatch(_tx: Transaction, bounds: Bounds, rows: number, byteBudget: number): Promise<BatchBounds> {
    let walked = 0;
    let bytes = 0;
    let last: KeyText | null = null;
    for await (const records of this.records(bounds)) {
      for (const { span } of records) {
        bytes += span.bytes;
        if (last !== null && (walked === rows || bytes > byteBudget)) {
          return { through: last, walked, isLast: false, isEmpty: false };
        }
        walked += 1;
        last = keyOf(span);
      }
      if (walked === rows) break;
    }
    if (last === null) return { through: bounds.through, walked: 0, isLast: true, isEmpty: true };
    const isLast = walked < rows || (bounds.through !== null && endOf(last) === endOf(bounds.through));
    return { through: isLast ? bounds.through : last, walked, isLast, isEmpty: false };
  }
}
