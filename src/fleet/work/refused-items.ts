import type { Item } from "../queue/item.ts";

/** How long an item waits for other workers, in milliseconds. */
const longMs = 15_000;
/** By then other workers have looked for items, and this one has not. */
const [shortMs, stepAsideMs] = [500, 2_500];

const mostKnown = 1_000;

/**
 * Items that this worker could not take. Workers look for items at regular times, so that one of them could
 * take back the same item again and again, just before another would: it steps aside every second time.
 */
export class RefusedItems {
  readonly #times = new Map<string, number>();
  #asideUntil = 0;

  /** Notes that an item was refused; returns how long it is to wait in the queue. */
  note({ request, target, machine }: Item): number {
    const key = `${request} ${target} ${machine}`;
    const times = (this.#times.get(key) ?? 0) + 1;
    // A worker may run for months.
    if (this.#times.size >= mostKnown) this.#times.clear();
    this.#times.set(key, times);
    if (times % 2 === 1) return longMs;
    this.#asideUntil = performance.now() + stepAsideMs;
    return shortMs;
  }

  /** How long this worker is to take no item, in milliseconds. */
  get pauseMs(): number {
    return Math.max(0, this.#asideUntil - performance.now());
  }
}
