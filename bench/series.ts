import { setTimeout as delay } from "node:timers/promises";
import type { Contestant, Outcome } from "./contestant.ts";
import { serverSeconds } from "./processor-time.ts";
import type { Template } from "./template.ts";

const settleMs = 300;

/** All the runs of one contestant, and why there are none, or no more. */
export class Series {
  readonly contestant: Contestant;
  readonly template: Template;
  readonly outcomes: Outcome[] = [];
  readonly serverSeconds: number[] = [];
  skipped: string | undefined;
  failure: string | undefined;

  constructor(contestant: Contestant, template: Template) {
    this.contestant = contestant;
    this.template = template;
  }

  get over(): boolean {
    return this.skipped !== undefined || this.failure !== undefined;
  }

  /** One more run on a copy of its own; wrong work, or none, ends the series. */
  async runOnce(postmaster: number): Promise<void> {
    const { contestant, template } = this;
    try {
      await template.withCopy(async (url) => {
        await contestant.prepare?.(url);
        const before = await serverSeconds(postmaster);
        const outcome = await contestant.run(url);
        // A backend that ends at this moment would be counted neither as running nor as ended.
        await delay(settleMs);
        const after = await serverSeconds(postmaster);
        if (before !== undefined && after !== undefined) this.serverSeconds.push(after - before);
        const objection = await template.oracle.objection(url, contestant.task ?? "word count", outcome.rows);
        if (objection !== undefined) throw new Error(`wrong result: ${objection}`);
        this.outcomes.push(outcome);
      });
    } catch (error) {
      this.failure = error instanceof Error ? error.message : String(error);
    }
  }

  result(): Result {
    const { contestant, template, skipped, failure } = this;
    const state = { name: contestant.name, what: contestant.what, essays: template.essays };
    if (skipped !== undefined) return { ...state, status: "skipped", reason: skipped };
    if (failure !== undefined) return { ...state, status: "failed", reason: failure };
    const seconds = this.outcomes.map((outcome) => outcome.seconds);
    const used = this.outcomes.flatMap((outcome) => outcome.processorSeconds ?? []);
    const peaks = this.outcomes.flatMap((outcome) => outcome.peakMemoryBytes ?? []);
    const medianSeconds = median(seconds);
    return {
      ...state,
      status: "measured",
      seconds,
      medianSeconds,
      rowsPerSecond: template.essays / medianSeconds,
      runnerSeconds: used.length === 0 ? null : median(used),
      serverSeconds: this.serverSeconds.length === 0 ? null : median(this.serverSeconds),
      peakMemoryBytes: peaks.length === 0 ? null : Math.max(...peaks),
    };
  }
}

interface Entry {
  readonly name: string;
  readonly what: string;
  readonly essays: number;
}

export interface Measured extends Entry {
  readonly status: "measured";
  readonly seconds: readonly number[];
  readonly medianSeconds: number;
  readonly rowsPerSecond: number;
  /** processor seconds of the contestant's own process; null like the memory */
  readonly runnerSeconds: number | null;
  /** processor seconds of the server during the run; null where there is no /proc */
  readonly serverSeconds: number | null;
  /** of the contestant's own process, not of the server; null where no such process can be watched */
  readonly peakMemoryBytes: number | null;
}

export interface Absent extends Entry {
  readonly status: "skipped" | "failed";
  readonly reason: string;
}

export type Result = Measured | Absent;

export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((left, right) => left - right);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
