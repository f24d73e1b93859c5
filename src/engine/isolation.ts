/**
 * Finds the rows that PostgreSQL refuses by halving: a batch that failed is tried in halves until the bad row stands alone.
 * No savepoint a row; a poison row costs about log2 of the batch's rows in attempts.
 */
export class Isolation {
  #rows = Number.POSITIVE_INFINITY;
  /** rows of the batch that failed which have not passed yet */
  #left = 0;

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
    if (this.#left === 0) return;
    this.#left = Math.max(0, this.#left - rows);
    this.#rows = this.#left === 0 ? Number.POSITIVE_INFINITY : this.#rows;
  }

  /** The row that was at fault is found: the rest of the failed batch may be good. */
  found(): void {
    this.passed(1);
    if (this.#left > 0) this.#rows = this.#left;
  }
}
