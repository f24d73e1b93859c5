const firstRows = 32;
const mostRows = 2_000;
const growthAtMost = 4;
/** The bytes of one portion from the cursor, judged by the widest row so far. */
const portionBytes = 1_048_576;

/**
 * How many rows to fetch at a time: a few first, then as many as are safe by the widest row so far.
 * PostgreSQL cannot tell in advance, since it knows the size of a `jsonb` only as compressed on disk.
 */
export class PortionSize {
  #rows = firstRows;
  #widest = 1;

  get rows(): number {
    return this.#rows;
  }

  /** Learns from a row that was read. */
  saw(bytes: number): void {
    if (bytes > this.#widest) this.#widest = bytes;
  }

  /** Sets the next portion's size after a portion was read. */
  next(): void {
    const safe = Math.floor(portionBytes / this.#widest);
    this.#rows = Math.max(1, Math.min(mostRows, this.#rows * growthAtMost, safe));
  }
}
