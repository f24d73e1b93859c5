import { setImmediate } from "node:timers/promises";

/**
 * How long one worker may keep the process from everything else. Meanwhile an answer of the server waits to be
 * read: its commit would look slow, and the other workers would stand still.
 */
const longestMs = 5;

/** Synchronous work of one worker, in turns between which the process does everything else. */
export class LoopTurn {
  #begunAt = performance.now();
  #earlierMs = 0;

  /** Whether the turn is over. @param now as `performance.now()` says */
  isOver(now: number): boolean {
    return now - this.#begunAt > longestMs;
  }

  /** Milliseconds of work in all turns, without the time between them. */
  workedMs(now: number): number {
    return this.#earlierMs + now - this.#begunAt;
  }

  /** Lets the process do what has come up meanwhile; then the next turn begins. */
  async pass(now: number): Promise<void> {
    this.#earlierMs = this.workedMs(now);
    await setImmediate();
    this.#begunAt = performance.now();
  }
}
