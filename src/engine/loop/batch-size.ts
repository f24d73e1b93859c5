import type { BatchPace } from "../batch/batch-pace.ts";
import { transformsAtOnce } from "../job-work/row-transform.ts";

/** How many rows the first batch has, before anything was measured. */
const firstRows = 100;
const maxRows = 100_000;
const growthAtMost = 1.5;

/** Aims at a time for each batch: grows slowly, shrinks at once. */
export class BatchSize {
  readonly #pace: Pick<BatchPace, "batchTimeMs" | "rowsAtMost">;
  /** rows whose transforms can wait side by side: fewer would take just as long */
  readonly atOnce: number;
  #rows: number;

  /** `atOnce` as the job says it; a batch of more rows than that would make calls that it may have to repeat. */
  constructor(pace: Pick<BatchPace, "batchTimeMs" | "rowsAtMost">, atOnce?: number) {
    this.#pace = pace;
    this.atOnce = atOnce ?? transformsAtOnce;
    this.#rows = Math.min(firstRows, atOnce ?? firstRows);
  }

  get rows(): number {
    return Math.min(this.#rows, this.#pace.rowsAtMost);
  }

  /** Learns from a batch of `rows` rows that took `milliseconds`; below `atLeast` rows it would not get faster. */
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

  /** After a timeout, a lock wait, or too many bytes. */
  shrink(): void {
    this.#set(this.#rows / 2);
  }

  #set(rows: number): void {
    // Rounding down a growth from 1 would stay at 1 for ever.
    this.#rows = Math.max(1, Math.min(maxRows, rows > this.#rows ? Math.ceil(rows) : Math.floor(rows)));
  }
}
