import { setImmediate } from "node:timers/promises";

/**
 * How long one worker may keep the process from everything else. Meanwhile an answer of the server waits to be
 * read: its commit would look slow, and the other workers would stand still.
 */
const longestMs = 5;

/** The workers whose turns are over, one behind the other: between two turns the process reads answers. */
let queue = Promise.resolve();

/** Synchronous work of one worker, in turns between which the process does everything else. */
export class LoopTurn {
  readonly #startedAt = performance.now();
  #begunAt = this.#startedAt;
  #earlierMs = 0;

  /** Whether the turn is over. @param now as `performance.now()` says */
  isOver(now: number): boolean {
    return now - this.#begunAt > longestMs;
  }

  /** Milliseconds of work in all turns, without the time between them. */
  workedMs(now: number): number {
    return this.#earlierMs + now - this.#begunAt;
  }

  /** Milliseconds since the first turn began, with the turns of other workers. */
  passedMs(now: number): number {
    return now - this.#startedAt;
  }

  /** Lets the process do what has come up meanwhile; then the next turn begins. */
  async pass(now: number): Promise<void> {
    this.#earlierMs = this.workedMs(now);
    queue = queue.then(() => setImmediate());
    await queue;
    this.#begunAt = performance.now();
  }
}
