import { NoProgressError } from "../errors.ts";

const firstPauseMs = 50;
const longestPauseMs = 5_000;
/** A failover or a restart is over by then; if not, people should look. */
const patienceMs = 5 * 60_000;

/** Pauses between attempts that grow, with full jitter so that workers do not come back in step. */
export class Backoff {
  #attempts = 0;
  #since: number | null = null;

  /** Milliseconds until the next attempt. @throws NoProgressError when nothing has gone forward for five minutes */
  nextPauseMs(cause: unknown): number {
    const now = performance.now();
    this.#since ??= now;
    if (now - this.#since > patienceMs) {
      throw new NoProgressError(patienceMs / 60_000, cause);
    }
    const longest = Math.min(longestPauseMs, firstPauseMs * 2 ** this.#attempts);
    this.#attempts += 1;
    return Math.random() * longest;
  }

  /** Something went forward. */
  reset(): void {
    this.#attempts = 0;
    this.#since = null;
  }
}
