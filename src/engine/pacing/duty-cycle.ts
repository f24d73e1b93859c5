/** The longest rest. After it the utilization is looked at again. */
const longestMs = 20_000;

/**
 * Lets workers work and rest in turns. Schedulers favour a process that has just woken, so each wake-up
 * delays the application: several short batches share one rest.
 */
export class DutyCycle {
  #workedMs = 0;
  #rest: { readonly from: number; afterMs: number } | null = null;

  /** Notes a batch of one of `workers` workers. All rest once each has worked for `stintMs` on average. */
  worked(batchMs: number, workers: number, stintMs: number): void {
    const eachMs = batchMs / workers;
    if (this.#rest !== null) {
      // The batch was under way when the rest began.
      this.#rest.afterMs += eachMs;
      return;
    }
    this.#workedMs += eachMs;
    if (this.#workedMs < stintMs) return;
    this.#rest = { from: performance.now(), afterMs: this.#workedMs };
    this.#workedMs = 0;
  }

  /** Milliseconds until the rest is over, for workers that may now work for this share of the time. */
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
