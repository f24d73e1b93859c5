import type { PhaseSeconds } from "./events.ts";

/** Measures how long a batch spends in each phase; what is in none of the others is `commit`. */
export class PhaseClock {
  readonly #startedAt = performance.now();
  readonly #milliseconds = { read: 0, transform: 0, write: 0 };

  /** Runs `work` and adds its time to a phase. */
  async during<T>(phase: "read" | "transform" | "write", work: () => Promise<T>): Promise<T> {
    const begin = performance.now();
    try {
      return await work();
    } finally {
      this.#milliseconds[phase] += performance.now() - begin;
    }
  }

  get totalMs(): number {
    return performance.now() - this.#startedAt;
  }

  seconds(): PhaseSeconds {
    const { read, transform, write } = this.#milliseconds;
    const commit = Math.max(0, this.totalMs - read - transform - write);
    return { read: read / 1_000, transform: transform / 1_000, write: write / 1_000, commit: commit / 1_000 };
  }
}
