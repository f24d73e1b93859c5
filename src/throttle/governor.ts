import { easyUtilization, type Reading, type SignalName } from "./signal.ts";

/** A signal that holds the run releases it only below this utilization, so the run does not flap. */
const releaseUtilization = 0.8;
/** The lowest level of a run that is not held. */
const leastLevel = 0.003;
/** How much the level rises per second. */
const risePerSecond = 0.1;

/**
 * How much of its pace a run may use, 0 to 1, by how near its signals are to their limits. The level falls at
 * once and rises gradually (additive increase, as in TCP's congestion avoidance). Each signal releases the
 * run by its own utilization, so a signal that must never stop a run cannot prolong another signal's hold.
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

  /** The strongest reason to slow down; null while there is none. */
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
    // While the run is held, show a signal that holds it rather than one that only slows it down.
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
