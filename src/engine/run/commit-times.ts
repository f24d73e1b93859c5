import type { EngineEvent } from "../report/events.ts";

/** Commits are worse when they take so many times as long as in the stage before, and are slow at all. */
const worseTimes = 3;
const slowMs = 20;
/** The median of fewer commits is too inaccurate. */
const fewest = 10;

/** Measures how long commits take, by stage. */
export class CommitTimes {
  #milliseconds: number[] = [];
  #before: number | null = null;

  hear(event: EngineEvent): void {
    if (event.type === "batch committed") this.#milliseconds.push(event.seconds.commit * 1_000);
  }

  /** Ends a stage. Returns its problem, or nothing where it is not worse than the last measured stage. */
  endStage(): string[] {
    const sorted = this.#milliseconds.toSorted((left, right) => left - right);
    this.#milliseconds = [];
    const median = sorted[Math.floor(sorted.length / 2)];
    if (median === undefined || sorted.length < fewest) return [];
    const before = this.#before;
    this.#before = median;
    if (before === null || median < slowMs || median < worseTimes * before) return [];
    return [`commits take ${Math.round(median)} ms, ${Math.round(before)} ms in the stage before`];
  }
}
