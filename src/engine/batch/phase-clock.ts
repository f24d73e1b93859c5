import type { PhaseSeconds } from "../report/events.ts";

/**
 * Measures how long a batch spends in each phase. `commit` is COMMIT and nothing else, since a run slows down when that takes
 * long. What was only waited for on purpose is no time of the batch.
 */
export class PhaseClock {
  readonly #startedAt = performance.now();
  readonly #milliseconds = { read: 0, transform: 0, write: 0, waiting: 0 };
  #commitAt: number | null = null;
  #endedAt: number | null = null;

  /** Runs `work` and adds its time to a phase. */
  async during<T>(phase: "read" | "transform" | "write" | "waiting", work: () => Promise<T>): Promise<T> {
    const begin = performance.now();
    try {
      return await work();
    } finally {
      this.#milliseconds[phase] += performance.now() - begin;
    }
  }

  /** All but COMMIT is done. */
  commits(): void {
    this.#commitAt = performance.now();
  }

  /** The transaction is over, this way or that. */
  ends(): void {
    this.#endedAt = performance.now();
  }

  /** How long the batch took, or has taken so far. */
  get totalMs(): number {
    return (this.#endedAt ?? performance.now()) - this.#startedAt - this.#milliseconds.waiting;
  }

  seconds(): PhaseSeconds {
    const { read, transform, write } = this.#milliseconds;
    const commit = this.#commitAt === null ? 0 : (this.#endedAt ?? performance.now()) - this.#commitAt;
    return { read: read / 1_000, transform: transform / 1_000, write: write / 1_000, commit: commit / 1_000 };
  }
}
