/** The first wait for a lock: nobody who queues behind it waits longer. */
const firstMs = 100;
/** The longest: an autovacuum gives way to whoever has waited for `deadlock_timeout`, a second. */
const longestMs = 2_000;
/** Between attempts others have the table for many times as long as they had to wait for us. */
const restFactor = 10;
const longestRestMs = 15_000;
/** After that somebody should look at who is in the way. */
const patienceMs = 5 * 60_000;

/**
 * How long to wait for a lock, again and again: while we queue for it, everybody else queues behind us. Waits grow, and so do
 * the rests between them, with jitter.
 */
export class LockLadder {
  readonly #begun = performance.now();
  #attempts = 0;

  /** Milliseconds that the next attempt may wait for its lock. */
  get waitMs(): number {
    return Math.min(longestMs, firstMs * 2 ** this.#attempts);
  }

  get isOver(): boolean {
    return performance.now() - this.#begun > patienceMs;
  }

  /** Milliseconds to rest after an attempt that was in vain. */
  restMs(): number {
    const whole = Math.min(longestRestMs, restFactor * this.waitMs);
    this.#attempts += 1;
    return whole * (0.5 + Math.random() / 2);
  }
}
