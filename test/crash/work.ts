import { type EngineEvent, type Job, resumeRun, type RunOptions, type RunReport, runJob } from "tidefill";
import { afterEach, vi } from "vitest";
import { until } from "../support/until.ts";

type EventOf<Type extends EngineEvent["type"]> = Extract<EngineEvent, { readonly type: Type }>;

const begun = new Set<Work>();

afterEach(async () => {
  vi.unstubAllEnvs();
  for (const work of begun) work.stop();
  await Promise.allSettled([...begun].map((work) => work.report));
  begun.clear();
});

/** A run in this process, and all that the engine told about it; stopped after the test at the latest. */
export class Work {
  readonly events: EngineEvent[] = [];
  readonly report: Promise<RunReport>;
  readonly #stop = new AbortController();

  constructor(job: Job, options: RunOptions, { isResumed = false } = {}) {
    const whole = { lease: "1s", ...options, signal: this.#stop.signal, onEvent: (event: EngineEvent) => this.#hear(event) } as const;
    this.report = isResumed ? resumeRun(job, job.name, whole) : runJob(job, whole);
    // Whoever awaits the report still sees why it failed.
    this.report.catch(() => {});
    begun.add(this);
  }

  stop(): void {
    this.#stop.abort();
  }

  all<Type extends EngineEvent["type"]>(type: Type): readonly EventOf<Type>[] {
    return this.events.filter((event): event is EventOf<Type> => event.type === type);
  }

  /** Whether the run, as far as this process knows, has come to its end. */
  get isOver(): boolean {
    return this.events.some((event) => event.type === "run stopped");
  }

  /** Waits until so many events of a type have come, and gives the last of them. */
  async saw<Type extends EngineEvent["type"]>(type: Type, times = 1): Promise<EventOf<Type>> {
    return until(async () => this.all(type)[times - 1] ?? (await this.#failIfOver(type)), {
      describe: `"${type}" ${times} times`,
      everyMs: 5,
    });
  }

  #hear(event: EngineEvent): void {
    this.events.push(event);
  }

  async #failIfOver(type: string): Promise<undefined> {
    if (this.isOver) throw new Error(`The run ended before "${type}": ${JSON.stringify(await this.report)}`);
    return undefined;
  }
}

/** How long the row job takes over each row from now on, in this process. */
export function setDelay(milliseconds: number): void {
  vi.stubEnv("TIDEFILL_TEST_DELAY_MS", String(milliseconds));
}
