/** One look a second serves all tabs. */
export const lookMs = 1_000;

/** Readings that all tabs share: each thing is read at most once within its time, however often it is asked for. */
export class Look {
  readonly #kept = new Map<string, { readonly at: number; readonly value: Promise<unknown> }>();

  /** The last reading of `key`, or a new one where that is older than `maxAgeMs`. A failure is not kept. */
  async read<T>(key: string, read: () => Promise<T>, maxAgeMs = lookMs * 0.9): Promise<T> {
    const now = performance.now();
    const known = this.#kept.get(key);
    if (known !== undefined && now - known.at < maxAgeMs) return known.value as Promise<T>;
    this.#forget(now);
    const value = read();
    this.#kept.set(key, { at: now, value });
    value.catch(() => {
      if (this.#kept.get(key)?.value === value) this.#kept.delete(key);
    });
    return value;
  }

  /** What a button has changed is read again by the next page. */
  forgetAll(): void {
    this.#kept.clear();
  }

  #forget(now: number): void {
    if (this.#kept.size < 500) return;
    for (const [key, { at }] of this.#kept) if (now - at > 60_000) this.#kept.delete(key);
  }
}
