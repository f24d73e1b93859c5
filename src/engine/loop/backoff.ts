import { NoProgressError } from "../../errors.ts";

const firstPauseMs = 50;
const longestPauseMs = 5_000;
/** A failover or a restart is over by then; if not, people should look. */
const patienceMs = 5 * 60_000;

/** When anything of a process went forward last: one range that stands still must not stop a run that does not. */
export class Patience {
  #since = performance.now();

  /** Something went forward. */
  renew(): void {
    this.#since = performance.now();
  }

  get isOver(): boolean {
    return performance.now() - this.#since > patienceMs;
  }
}

/** Pauses between attempts that grow, with full jitter so that workers do not come back in step. */
export class Backoff {
  readonly #patience: Patience;
  #attempts = 0;

  constructor(patience: Patience) {
    this.#patience = patience;
  }

  /** Milliseconds until the next attempt. @throws NoProgressError when nothing of the process has gone forward for five minutes */
  nextPauseMs(cause: unknown): number {
    if (this.#patience.isOver) throw new NoProgressError(patienceMs / 60_000, cause);
    const longest = Math.min(longestPauseMs, firstPauseMs * 2 ** this.#attempts);
    this.#attempts += 1;
    return Math.random() * longest;
  }

  /** The database answers again. */
  calm(): void {
    this.#attempts = 0;
  }

  /** Rows went forward. */
  reset(): void {
    this.calm();
    this.#patience.renew();
  }
}
