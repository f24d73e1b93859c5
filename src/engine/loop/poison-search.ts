/**
 * Finds poison rows by halving: a failed batch is tried in halves until the poison row is alone in its batch.
 * This costs about log2 of the batch's rows in attempts, and no savepoint per row. After two poison rows in a
 * row, the next row is tried alone at once.
 */
export class PoisonSearch {
  #rows = Number.POSITIVE_INFINITY;
  /** rows of the failed batch that have not passed yet */
  #left = 0;
  /** whether the last row tried was a poison row */
  #wasBad = false;
  /** whether the next row is tried alone, after two poison rows in a row */
  #isAlone = false;

  /** How many of the `wanted` rows the next batch may have. */
  limit(wanted: number): number {
    return Math.min(wanted, this.#rows);
  }

  /** Notes that a batch of this many rows failed. */
  failed(rows: number): void {
    if (this.#left === 0) this.#left = rows;
    this.#rows = Math.max(1, Math.floor(Math.min(rows, this.#rows) / 2));
  }

  /** Notes that this many rows were committed or rejected. */
  passed(rows: number): void {
    const wasAlone = this.#isAlone;
    this.#wasBad = false;
    this.#isAlone = false;
    if (this.#left === 0) return;
    this.#left = Math.max(0, this.#left - rows);
    if (this.#left === 0) this.#rows = Number.POSITIVE_INFINITY;
    // The row tried alone was good, so the rest may be good too.
    else if (wasAlone) this.#rows = this.#left;
  }

  /** Notes that the poison row is found, so the rest of the failed batch may be good. */
  found(): void {
    const isSecond = this.#wasBad;
    this.passed(1);
    this.#isAlone = isSecond && this.#left > 0;
    if (this.#left > 0) this.#rows = this.#isAlone ? 1 : this.#left;
    this.#wasBad = true;
  }
}
