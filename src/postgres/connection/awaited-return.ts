import type pg from "pg";

/** Tells callers of a pool when it may be worth to wait for a connection that another caller uses. */
export class AwaitedReturn {
  readonly #pool: pg.Pool;
  readonly #waiting = new Set<() => void>();

  constructor(pool: pg.Pool) {
    this.#pool = pool;
    pool.on("release", () => {
      for (const wake of this.#waiting) wake();
    });
  }

  /** Whether the pool would open one more connection now, although it has some; a full pool lets callers wait. */
  get isWorthIt(): boolean {
    const { idleCount, waitingCount, totalCount, options } = this.#pool;
    return totalCount > 0 && totalCount < options.max && idleCount <= waitingCount;
  }

  /** Resolves when a connection comes back, and at the latest after so many milliseconds. */
  next(atMostMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, atMostMs);
      this.#waiting.add(wake);
    });
  }
}
