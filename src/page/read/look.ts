import type { Run } from "../../store/runs/run.ts";
import { isFinished } from "../../store/runs/run-status.ts";

/** One look a second serves all tabs. */
export const lookMs = 1_000;
/** What is long, or changes slowly, is read so often. */
export const slowLookMs = 5_000;
const lastLookMs = 60_000;

/** How often what is long is read of a run: seldom once it has ended. */
export function maxAgeOf({ status }: Pick<Run, "status">): number {
  return isFinished(status) ? lastLookMs : slowLookMs;
}

/**
 * Readings that all tabs share: each thing is read at most once within its time, however often it is asked for, and
 * never twice at the same time, so that nothing piles up before a slow database.
 */
export class Look {
  readonly #kept = new Map<string, { readonly value: Promise<unknown>; readAt: number | null }>();

  /**
   * The last reading of `key`, or a new one where that was read longer than `maxAgeMs` ago. A failure is not kept.
   */
  async read<T>(key: string, read: () => Promise<T>, maxAgeMs = lookMs * 0.9): Promise<T> {
    const now = performance.now();
    const known = this.#kept.get(key);
    if (known !== undefined && (known.readAt === null || now - known.readAt < maxAgeMs))
      return known.value as Promise<T>;
    this.#forget(now);
    const value = read();
    const kept = { value, readAt: null as number | null };
    this.#kept.set(key, kept);
    value.then(
      () => {
        kept.readAt = now;
      },
      () => {
        if (this.#kept.get(key) === kept) this.#kept.delete(key);
      },
    );
    return value;
  }

  /** What a button has changed is read again by the next page. */
  forgetAll(): void {
    this.#kept.clear();
  }

  #forget(now: number): void {
    if (this.#kept.size < 500) return;
    for (const [key, { readAt }] of this.#kept)
      if (readAt !== null && now - readAt > 60_000) this.#kept.delete(key);
  }
}
