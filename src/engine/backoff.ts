import { TidefillError } from "../errors.ts";

const firstPauseMs = 50;
const longestPauseMs = 5_000;
/** A failover or a restart is over by then; if not, people should look. */
const patienceMs = 5 * 60_000;

/** Pauses between attempts that grow, with full jitter so that workers do not come back in step. */
export class Backoff {
  #attempts = 0;
  #since: number | null = null;

  /** Milliseconds until the next attempt. @throws TidefillError when nothing has gone forward for five minutes */
  nextPauseMs(cause: unknown): number {
    const now = performance.now();
    this.#since ??= now;
    if (now - this.#since > patienceMs) {
      throw new TidefillError("no-progress", `Nothing went forward for ${patienceMs / 60_000} minutes.`, {
        cause,
        remedy: "Look at the cause; then `tidefill resume` goes on where it stopped.",
      });
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
