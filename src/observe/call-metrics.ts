import type { EngineEvent } from "../engine/report/events.ts";
import type { Meters } from "./meters.ts";

/** Sets the metrics of the calls of other systems. */
export class CallMetrics {
  readonly #meters: Meters;
  #underWay = 0;
  /** when the run last told how far it is */
  #toldAt: number | null = null;

  constructor(meters: Meters) {
    this.#meters = meters;
  }

  hear(event: EngineEvent): void {
    const { job: job_name } = event;
    switch (event.type) {
      case "run started":
        this.#toldAt = null;
        this.#meters.histogram("tidefill_call_duration_seconds").zero({ job_name });
        this.#meters.counter("tidefill_calls_paused_seconds_total").inc({ job_name }, 0);
        this.#setUnderWay(job_name, 0);
        break;
      case "call began":
        this.#setUnderWay(job_name, this.#underWay + 1);
        break;
      case "call ended":
        this.#ended(event);
        break;
      case "progress":
        this.#progress(event);
        break;
      case "server observed":
        this.#setKept(job_name, event.keptAnswers);
        break;
      case "run stopped":
        this.#setUnderWay(job_name, 0);
        // No batch is left to wait for. A run that stops earlier keeps its answers until it goes on.
        if (event.status === "succeeded") this.#setKept(job_name, null);
        break;
      default:
    }
  }

  #ended({ job: job_name, outcome, seconds, cost }: Extract<EngineEvent, { type: "call ended" }>): void {
    this.#setUnderWay(job_name, this.#underWay - 1);
    this.#meters.counter("tidefill_calls_total").inc({ job_name, outcome: outcome.replaceAll(" ", "_") });
    this.#meters.histogram("tidefill_call_duration_seconds").observe({ job_name }, seconds);
    if (cost === null) return;
    const { amount, currency } = cost;
    this.#meters.counter("tidefill_call_cost_total").inc({ job_name, currency }, amount);
  }

  #progress({ job: job_name, hold }: Extract<EngineEvent, { type: "progress" }>): void {
    const now = performance.now();
    const seconds = this.#toldAt === null ? 0 : (now - this.#toldAt) / 1_000;
    this.#toldAt = now;
    if (hold?.cause === "calls paused")
      this.#meters.counter("tidefill_calls_paused_seconds_total").inc({ job_name }, seconds);
  }

  #setUnderWay(job_name: string, calls: number): void {
    this.#underWay = Math.max(0, calls);
    this.#meters.gauge("tidefill_calls_under_way").set({ job_name }, this.#underWay);
  }

  /** An unknown number is absent, never 0. */
  #setKept(job_name: string, answers: number | null): void {
    const gauge = this.#meters.gauge("tidefill_kept_answers");
    if (answers === null) gauge.remove({ job_name });
    else gauge.set({ job_name }, answers);
  }
}
