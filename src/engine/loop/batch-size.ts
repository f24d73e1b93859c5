import type { BatchPace } from "../batch/batch-pace.ts";
import { transformsAtOnce } from "../rows/row-transform.ts";

/** Rows of the first batch, before anything was measured. */
const firstRows = 100;
const maxRows = 100_000;
const growthAtMost = 1.5;

/** Aims at the pace's batch time: grows slowly, shrinks at once. */
export class BatchSize {
  readonly #pace: Pick<BatchPace, "batchTimeMs" | "rowsAtMost">;
  /** rows whose transforms wait at the same time, so that fewer rows would take just as long */
  readonly atOnce: number;
  readonly #most: () => number;
  #rows: number;

  /** `ofCalls`: how many rows are asked about before a batch, so that no write waits for too many answers. */
  constructor(pace: Pick<BatchPace, "batchTimeMs" | "rowsAtMost">, ofCalls: (() => number) | null = null) {
    this.#pace = pace;
    this.#most = ofCalls ?? (() => maxRows);
    this.atOnce = transformsAtOnce;
    this.#rows = ofCalls === null ? firstRows : ofCalls();
  }

  get rows(): number {
    return Math.min(this.#rows, this.#most(), this.#pace.rowsAtMost);
  }

  /** Learns from a batch of `rows` rows that took `milliseconds`. `atLeast` rows are no slower than fewer. */
  observe(rows: number, milliseconds: number, atLeast = 1): void {
    if (rows === 0) return;
    const { batchTimeMs } = this.#pace;
    const ideal = (rows * batchTimeMs) / Math.max(milliseconds, 0.1);
    // A short last batch says nothing about larger ones: its fixed costs weigh too much.
    if (rows < this.#rows / 2 && milliseconds <= batchTimeMs) return;
    this.#set(
      Math.max(Math.min(ideal, this.#rows * growthAtMost), Math.min(atLeast, this.#rows * growthAtMost)),
    );
  }

  /** Halves the size after a timeout, a lock wait, or too many bytes. */
  shrink(): void {
    this.#set(this.#rows / 2);
  }

  #set(rows: number): void {
    // Rounding down a growth from 1 would stay at 1 for ever.
    this.#rows = Math.max(1, Math.min(maxRows, rows > this.#rows ? Math.ceil(rows) : Math.floor(rows)));
  }
}
