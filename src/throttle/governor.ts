import type { Reading, SignalName } from "./signal.ts";

/** Below this utilization nobody is held back. */
const easyUtilization = 0.5;
/** A signal that has held the run lets it go only when its utilization is clearly over: no flapping around the limit. */
const releaseUtilization = 0.8;
/** The least that a run does which is not held. */
const leastLevel = 0.003;
/** How fast the level rises again. */
const risePerSecond = 0.1;

/**
 * How much of its pace a run may use, 0 to 1, by how near its signals are to their limits: gives way at once, comes back little by
 * little (additive increase as in TCP's congestion avoidance), and does not swing around a limit. Each signal lets go for
 * itself: one that must never stop a run cannot keep it stopped for another either.
 */
export class Governor {
  #level = 1;
  #strongest: Reading | null = null;
  readonly #holding = new Set<SignalName>();
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
    const bySignal = new Map<SignalName, Reading>();
    for (const reading of readings)
      if (reading.utilization > (bySignal.get(reading.signal)?.utilization ?? -1))
        bySignal.set(reading.signal, reading);
    this.#hold(bySignal);
    const told = [...bySignal.values()];
    // While the run is held, what holds it is worth more than what only slows it down.
    const strongest =
      strongestOf(told.filter(({ signal }) => this.#holding.has(signal))) ?? strongestOf(told);
    const utilization = strongest?.utilization ?? 0;
    const passed = this.#at === null ? 0 : Math.max(0, now - this.#at) / 1_000;
    this.#at = now;
    this.#level = this.#next(utilization, passed);
    this.#strongest = utilization > easyUtilization || this.isHeld ? strongest : null;
  }

  #hold(bySignal: ReadonlyMap<SignalName, Reading>): void {
    for (const signal of this.#holding)
      if ((bySignal.get(signal)?.utilization ?? 0) < releaseUtilization) this.#holding.delete(signal);
    for (const { signal, utilization } of bySignal.values()) if (utilization >= 1) this.#holding.add(signal);
  }

  #next(utilization: number, passedSeconds: number): number {
    if (this.#holding.size > 0) return 0;
    const target = levelAt(utilization);
    if (this.isHeld) return Math.min(target, leastLevel);
    return target <= this.#level ? target : Math.min(target, this.#level + risePerSecond * passedSeconds);
  }
}

function strongestOf(readings: readonly Reading[]): Reading | null {
  return readings.reduce<Reading | null>(
    (most, reading) => (most === null || reading.utilization > most.utilization ? reading : most),
    null,
  );
}

function levelAt(utilization: number): number {
  if (utilization >= 1) return 0;
  if (utilization <= easyUtilization) return 1;
  return leastLevel + ((1 - leastLevel) * (1 - utilization)) / (1 - easyUtilization);
}
