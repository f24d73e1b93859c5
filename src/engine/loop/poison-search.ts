/**
 * Finds the rows that PostgreSQL refuses by halving: a batch that failed is tried in halves until the bad row stands alone.
 * No savepoint a row; a poison row costs about log2 of the batch's rows in attempts. Where bad rows come one after the other, the
 * next is taken to be one too, and stands alone at once.
 */
export class PoisonSearch {
  #rows = Number.POSITIVE_INFINITY;
  /** rows of the batch that failed which have not passed yet */
  #left = 0;
  /** whether the last row that was tried was at fault */
  #wasBad = false;
  /** whether the next row is tried alone because two before it were at fault */
  #isAlone = false;

  /** How many rows the next batch may have, when `wanted` were wanted. */
  limit(wanted: number): number {
    return Math.min(wanted, this.#rows);
  }

  /** A batch of this many rows was refused. */
  failed(rows: number): void {
    if (this.#left === 0) this.#left = rows;
    this.#rows = Math.max(1, Math.floor(Math.min(rows, this.#rows) / 2));
  }

  /** This many rows went through, or were rejected. */
  passed(rows: number): void {
    const wasAlone = this.#isAlone;
    this.#wasBad = false;
    this.#isAlone = false;
    if (this.#left === 0) return;
    this.#left = Math.max(0, this.#left - rows);
    if (this.#left === 0) this.#rows = Number.POSITIVE_INFINITY;
    // It was good: so may be the rest.
    else if (wasAlone) this.#rows = this.#left;
  }

  /** The row that was at fault is found: the rest of the failed batch may be good. */
  found(): void {
    const isSecond = this.#wasBad;
    this.passed(1);
    this.#isAlone = isSecond && this.#left > 0;
    if (this.#left > 0) this.#rows = this.#isAlone ? 1 : this.#left;
    this.#wasBad = true;
  }
}
