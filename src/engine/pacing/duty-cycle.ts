/** However much was too much, a rest is over then, and the utilization is looked at anew. */
const longestMs = 20_000;

/**
 * Work and rest in turns. To a scheduler whoever has just woken goes first, so that others feel each waking: short batches rest
 * together.
 */
export class DutyCycle {
  #workedMs = 0;
  #rest: { readonly from: number; afterMs: number } | null = null;

  /** Notes a batch of one of `workers` workers; when each of them has worked for `stintMs`, all have earned a rest. */
  worked(batchMs: number, workers: number, stintMs: number): void {
    const eachMs = batchMs / workers;
    if (this.#rest !== null) {
      // It was under way when the others began to rest.
      this.#rest.afterMs += eachMs;
      return;
    }
    this.#workedMs += eachMs;
    if (this.#workedMs < stintMs) return;
    this.#rest = { from: performance.now(), afterMs: this.#workedMs };
    this.#workedMs = 0;
  }

  /** Milliseconds until the rest is over, for workers that may work for this share of the time, as it is by now. */
  remainingMs(share: number): number {
    if (this.#rest === null) return 0;
    const { from, afterMs } = this.#rest;
    const wholeMs = Math.min(longestMs, afterMs * (1 / share - 1));
    const remainingMs = from + wholeMs - performance.now();
    if (remainingMs > 0) return remainingMs;
    this.forget();
    return 0;
  }

  forget(): void {
    this.#rest = null;
    this.#workedMs = 0;
  }
}
