import type { PhaseSeconds } from "../report/events.ts";

/**
 * Measures how long a batch spends in each phase. `commit` is only COMMIT, since a run slows down when that
 * takes long. Waiting on purpose does not count as time of the batch.
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

  /** Notes that COMMIT begins. */
  commits(): void {
    this.#commitAt = performance.now();
  }

  /** Notes that the transaction has ended, committed or not. */
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
