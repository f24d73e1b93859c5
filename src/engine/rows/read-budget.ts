import { BatchTooBigError } from "../../errors.ts";
import { BadRecord, type SourceRow } from "../../source/readable-source.ts";
import { batchBytes } from "../batch/batch-limits.ts";
import type { PortionSize } from "./portion-size.ts";

/** How many more rows than expected a batch may read before it is too big. */
const rowsToSpare = 500;

/**
 * What one batch may read. Its bounds were found without locks, so rows may have come or grown since: then
 * the batch is rolled back and made smaller.
 */
export class ReadBudget {
  readonly #expected: number;
  readonly #portion: PortionSize;
  bytes = 0;
  rows = 0;

  constructor(expected: number, portion: PortionSize) {
    this.#expected = expected;
    this.#portion = portion;
  }

  /** @throws BatchTooBigError when it is spent */
  spend(portion: readonly SourceRow[]): void {
    this.rows += portion.length;
    for (const row of portion) {
      if (row instanceof BadRecord) continue;
      let bytes = 0;
      for (const value of row) bytes += value?.length ?? 0;
      this.bytes += bytes;
      this.#portion.saw(bytes);
    }
    this.#portion.next();
    if (this.rows > 2 * this.#expected + rowsToSpare) throw new BatchTooBigError("rows");
    if (this.bytes > 2 * batchBytes && this.rows > 1) throw new BatchTooBigError("bytes");
  }
}
