import { setTimeout as delay } from "node:timers/promises";
import { type EngineEvent, type Job, type RunOptions, type RunReport, resumeRun, runJob } from "tidefill";
import { vi } from "vitest";
import { afterEveryTest } from "../../support/clean-up.ts";
import { until } from "../../support/until.ts";

type EventOf<Type extends EngineEvent["type"]> = Extract<EngineEvent, { readonly type: Type }>;

const begun = new Set<Work>();
let isDelayed = false;

afterEveryTest(async () => {
  if (isDelayed) vi.unstubAllEnvs();
  isDelayed = false;
  const left = [...begun];
  begun.clear();
  for (const work of left) work.stop();
  const over = Promise.allSettled(left.map((work) => work.report)).then(() => true);
  const patience = new AbortController();
  const late = delay(20_000, false, { signal: patience.signal });
  if (!(await Promise.race([over, late]))) throw new Error("A run did not stop when it was told to.");
  late.catch(() => {});
  patience.abort();
});

/** A run in this process, with all events of the engine; stopped after the test at the latest. */
export class Work {
  readonly events: EngineEvent[] = [];
  readonly report: Promise<RunReport>;
  readonly #stop = new AbortController();
  #settled: string | null = null;

  constructor(job: Job, options: RunOptions, { isResumed = false } = {}) {
    const whole = {
      lease: "1s",
      ...options,
      signal: this.#stop.signal,
      onEvent: (event: EngineEvent) => this.#hear(event),
    } as const;
    this.report = isResumed ? resumeRun(job, job.name, whole) : runJob(job, whole);
    // A caller that awaits the report still sees why it failed.
    this.report.then(JSON.stringify, String).then((outcome) => {
      this.#settled = outcome;
    });
    begun.add(this);
  }

  stop(): void {
    this.#stop.abort();
  }

  all<Type extends EngineEvent["type"]>(type: Type): readonly EventOf<Type>[] {
    return this.events.filter((event): event is EventOf<Type> => event.type === type);
  }

  /** Waits until so many events of a type have come, and returns the last of them. */
  async saw<Type extends EngineEvent["type"]>(type: Type, times = 1): Promise<EventOf<Type>> {
    return until(async () => this.all(type)[times - 1] ?? this.failIfOver(`"${type}"`), {
      describe: `"${type}" ${times} times`,
      // A run gives way to the tests of other files on the same machine, as it should.
      timeoutMs: 100_000,
      everyMs: 5,
    });
  }

  /** @throws when the run has ended, with how it ended */
  failIfOver(awaited: string): undefined {
    if (this.#settled !== null) throw new Error(`The run ended before ${awaited}: ${this.#settled}`);
  }

  #hear(event: EngineEvent): void {
    this.events.push(event);
  }
}

/** How long the row job takes over each row from now on, in this process. */
export function setDelay(milliseconds: number): void {
  vi.stubEnv("TIDEFILL_TEST_DELAY_MS", String(milliseconds));
  isDelayed = true;
}
