import type { EngineEvent } from "../report/events.ts";

/** Commits that take so many times as long as in the stage before are worse, if they are slow at all. */
const worseTimes = 3;
const slowMs = 20;
/** The median of fewer commits says nothing. */
const fewest = 10;

/** How long commits take, stage by stage. */
export class CommitTimes {
  #milliseconds: number[] = [];
  #before: number | null = null;

  hear(event: EngineEvent): void {
    if (event.type === "batch committed") this.#milliseconds.push(event.seconds.commit * 1_000);
  }

  /** What to say about the stage that has ended; nothing where it is not worse than the last that could be measured. */
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
