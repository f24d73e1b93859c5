import { NoProgressError } from "../../errors.ts";

const firstPauseMs = 50;
const longestPauseMs = 5_000;
/** A failover or a restart is over by then; if not, an operator should look. */
const patienceMs = 5 * 60_000;

/**
 * When a process last made progress in any range. A stuck range must not stop a run that goes on elsewhere.
 */
export class Patience {
  #since = performance.now();

  /** Notes progress. */
  renew(): void {
    this.#since = performance.now();
  }

  get isOver(): boolean {
    return performance.now() - this.#since > patienceMs;
  }
}

/** Growing pauses between attempts, with full jitter so that workers do not retry in step. */
export class Backoff {
  readonly #patience: Patience;
  #attempts = 0;
  #blockers: readonly string[] = [];

  constructor(patience: Patience) {
    this.#patience = patience;
  }

  /**
   * Milliseconds until the next attempt; `blockers` are the sessions that the failed one waited for.
   * @throws NoProgressError after five minutes without progress
   */
  nextPauseMs(cause: unknown, blockers: readonly string[] = []): number {
    if (blockers.length > 0) this.#blockers = blockers;
    if (this.#patience.isOver) throw new NoProgressError(patienceMs / 60_000, cause, this.#blockers);
    const longest = Math.min(longestPauseMs, firstPauseMs * 2 ** this.#attempts);
    this.#attempts += 1;
    return Math.random() * longest;
  }

  /** Notes that the database answers again. */
  calm(): void {
    this.#attempts = 0;
  }

  /** Notes a committed batch. */
  reset(): void {
    this.calm();
    this.#blockers = [];
    this.#patience.renew();
  }
}
