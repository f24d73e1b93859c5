import { vi } from "vitest";

/**
 * The seed of all random choices in the crash tests. `TIDEFILL_SEED` repeats them (their timing only
 * roughly).
 */
const seed = Number(process.env.TIDEFILL_SEED ?? Date.now() % 1_000_000_000);

/** Whether the long variants of the tests are requested. */
export const isLong = process.env.TIDEFILL_LONG === "1";
if (isLong) vi.setConfig({ testTimeout: 3_600_000 });

/** Random numbers determined by the seed and a name (mulberry32). */
export class Random {
  #state: number;

  constructor(name: string) {
    this.#state = [...name].reduce(
      (hash, letter) => Math.imul(hash ^ letter.charCodeAt(0), 0x01000193),
      seed,
    );
    console.info(`${name}: TIDEFILL_SEED=${seed}`);
  }

  /** At least 0, below 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  /** A whole number from `least` to `most`, inclusive. */
  between(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  pick<T>(choices: readonly T[]): T {
    return choices[Math.floor(this.next() * choices.length)]!;
  }
}
