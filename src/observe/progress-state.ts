import type { EngineEvent } from "../engine/events.ts";
import { formatCount, formatPercent, formatSeconds } from "./format.ts";

/** What the progress line says, kept up to date by events. */
export class ProgressState {
  #estimatedRows = 0;
  #committed = 0;
  #ratio = 0;
  #rate = 0;
  #remaining = 0;
  #workers = 0;
  #batchRows = 0;
  #rejected = 0;
  #sweep = 0;
  #waiting: string | null = null;

  hear(event: EngineEvent): void {
    switch (event.type) {
      case "run started":
        this.#estimatedRows = event.estimatedRows;
        break;
      case "batch committed":
        this.#committed += event.counts.read;
        this.#rejected += event.counts.rejected;
        this.#waiting = null;
        break;
      case "batch failed":
        this.#waiting = waitingFor[event.reason] ?? null;
        break;
      case "worker waiting":
        this.#waiting = "waiting for the lease of a worker that vanished, or for the last ranges of others";
        break;
      case "sweep started":
        this.#sweep = event.sweep;
        break;
      case "pulse":
        this.#pulse(event);
        break;
      default:
    }
  }

  /** One line for people. */
  text(job: string): string {
    if (this.#sweep > 0) return this.#join(job, [`looking for rows that came late (sweep ${this.#sweep})`]);
    return this.#join(job, [
      formatPercent(this.#ratio),
      `${formatCount(this.#committed)} of ~${formatCount(Math.max(this.#estimatedRows, this.#committed))} rows`,
      this.#rate > 0 ? `${formatCount(this.#rate)} rows/s` : "measuring",
      ...(this.#rate > 0 ? [`${formatSeconds(this.#remaining / this.#rate)} left`] : []),
    ]);
  }

  #join(job: string, parts: readonly string[]): string {
    const rejects = this.#rejected > 0 ? [`${formatCount(this.#rejected)} rejected`] : [];
    const size = `${this.#workers} ${this.#workers === 1 ? "worker" : "workers"} × ${formatCount(this.#batchRows)} rows`;
    const waiting = this.#waiting === null ? [] : [this.#waiting];
    return [job, ...parts, ...rejects, size, ...waiting].join("  ");
  }

  #pulse(event: Extract<EngineEvent, { type: "pulse" }>): void {
    const { progress } = event;
    this.#committed = progress.read;
    this.#rejected = progress.rejected;
    this.#ratio = event.ratio;
    this.#remaining = event.rowsRemaining;
    this.#rate = progress.rowsPerSecond;
    this.#workers = progress.workers;
    this.#batchRows = event.batchRows;
    if (event.busyWorkers > 0 && this.#waiting?.startsWith("waiting for the lease") === true)
      this.#waiting = null;
  }
}

const waitingFor: Readonly<Record<string, string>> = {
  lock: "held back: the application holds row locks",
  deadlock: "held back: the application holds row locks",
  connection: "held back: the database cannot be reached",
  resources: "held back: the database is short of resources",
};
