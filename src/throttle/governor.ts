import type { Reading } from "./signal.ts";

/** Below this strain nobody is held back. */
const easyStrain = 0.5;
/** A run that was held goes on only when the strain is clearly over: no flapping around the limit. */
const releaseStrain = 0.8;
/** The least that a run does which is not held. */
const leastLevel = 0.1;
/** How fast the level rises again. */
const risePerSecond = 0.1;

/**
 * How much of its pace a run may use, 0 to 1, out of how strained the database is: gives way at once, comes back little by
 * little (additive increase as in TCP's congestion avoidance), and does not swing around a limit.
 */
export class Governor {
  #level = 1;
  #strongest: Reading | null = null;
  #at: number | null = null;

  /** 1 is full pace, 0 is held. */
  get level(): number {
    return this.#level;
  }

  get isHeld(): boolean {
    return this.#level === 0;
  }

  /** The strongest reason to give way; null while there is none. */
  get heldBackBy(): Reading | null {
    return this.#strongest;
  }

  /** Learns what the signals say now; `now` in milliseconds of any clock that only goes forward. */
  learn(readings: readonly Reading[], now: number): void {
    const strongest = readings.reduce<Reading | null>(
      (most, reading) => (most === null || reading.strain > most.strain ? reading : most),
      null,
    );
    const strain = strongest?.strain ?? 0;
    const passed = this.#at === null ? 0 : Math.max(0, now - this.#at) / 1_000;
    this.#at = now;
    this.#level = this.#next(strain, passed);
    this.#strongest = strain > easyStrain || this.isHeld ? strongest : null;
  }

  #next(strain: number, passedSeconds: number): number {
    const target = levelAt(strain);
    if (this.isHeld) return strain >= releaseStrain ? 0 : Math.min(target, leastLevel);
    return target <= this.#level ? target : Math.min(target, this.#level + risePerSecond * passedSeconds);
  }
}

function levelAt(strain: number): number {
  if (strain >= 1) return 0;
  if (strain <= easyStrain) return 1;
  return leastLevel + ((1 - leastLevel) * (1 - strain)) / (1 - easyStrain);
}
