import type { EngineEvent, RunOptions, RunReport } from "tidefill";
import { afterEveryTest } from "../../support/clean-up.ts";
import { until } from "../../support/until.ts";
import type { Proxied } from "./proxied.ts";
import type { Work } from "./work.ts";

const begun = new Set<Task>();

afterEveryTest(async () => {
  const left = [...begun];
  begun.clear();
  for (const task of left) task.stop();
  await Promise.allSettled(left.map(({ report }) => report));
});

/** Like `Work`, for an undo or a verify, which begin differently from the run of a job. */
export class Task {
  readonly events: EngineEvent[] = [];
  readonly report: Promise<RunReport>;
  readonly #stop = new AbortController();
  #settled: string | null = null;

  constructor(start: (options: RunOptions) => Promise<RunReport>, options: RunOptions) {
    this.report = start({
      lease: "1s",
      ...options,
      signal: this.#stop.signal,
      onEvent: (event) => this.#hear(event),
    });
    this.report.then(JSON.stringify, String).then((outcome) => {
      this.#settled = outcome;
    });
    begun.add(this);
  }

  stop(): void {
    this.#stop.abort();
  }

  count(type: EngineEvent["type"]): number {
    return this.events.filter((event) => event.type === type).length;
  }

  async saw(type: EngineEvent["type"], times = 1): Promise<void> {
    await until(async () => this.count(type) >= times || this.failIfOver(`"${type}"`), {
      describe: `"${type}" ${times} times`,
      everyMs: 5,
    });
  }

  /** @throws when the task has ended, with how it ended */
  failIfOver(awaited: string): undefined {
    if (this.#settled !== null) throw new Error(`It ended before ${awaited}: ${this.#settled}`);
  }

  /** Waits until a fault has struck once; @throws when the task ends before that */
  async strike(proxied: Proxied, fault: Parameters<Proxied["strike"]>[1]): Promise<void> {
    await proxied.strike(this as unknown as Work, fault);
  }

  #hear(event: EngineEvent): void {
    this.events.push(event);
  }
}
