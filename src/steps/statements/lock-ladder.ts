/** The first wait for a lock, in milliseconds: sessions that queue behind it wait no longer. */
const firstMs = 100;
/** The longest wait: an autovacuum gives way to a session that waited for `deadlock_timeout`, one second. */
const longestMs = 2_000;
/** Between attempts the table is free for other sessions many times as long as they waited for us. */
const restFactor = 10;
const longestRestMs = 15_000;
/** After that an operator should look at the blocking session. */
const patienceMs = 5 * 60_000;

/**
 * How long to wait for a lock in repeated attempts: while we queue for it, all other sessions queue behind
 * us. The waits grow, and so do the rests between them, with jitter.
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

  /** Milliseconds to rest after a failed attempt. */
  restMs(): number {
    const whole = Math.min(longestRestMs, restFactor * this.waitMs);
    this.#attempts += 1;
    return whole * (0.5 + Math.random() / 2);
  }
}
