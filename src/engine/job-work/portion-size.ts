const firstRows = 32;
const mostRows = 500;
const growthAtMost = 4;
/** Bytes of one portion on its way from the cursor, as far as the rows seen so far can tell. */
const portionBytes = 1_048_576;

/**
 * How many rows to fetch at a time. PostgreSQL tells the size of a compressed `jsonb` only as it lies on disk, so the widest row
 * seen so far decides: a few rows first, then as many as are safe.
 */
export class PortionSize {
  #rows = firstRows;
  #widest = 1;

  get rows(): number {
    return this.#rows;
  }

  /** Learns from a row that came. */
  saw(bytes: number): void {
    if (bytes > this.#widest) this.#widest = bytes;
  }

  /** Settles the next portion's size, after a portion was seen. */
  next(): void {
    const safe = Math.floor(portionBytes / this.#widest);
    this.#rows = Math.max(1, Math.min(mostRows, this.#rows * growthAtMost, safe));
  }
}
