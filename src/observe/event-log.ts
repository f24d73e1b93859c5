import { type Logger, pino } from "pino";
import type { EngineEvent, StepEvent } from "../engine/report/events.ts";

const levels: Readonly<Record<EngineEvent["type"], "debug" | "info" | "warn" | "error" | null>> = {
  "run started": "info",
  "range planned": "debug",
  "range leased": "debug",
  "range released": "debug",
  "range done": "debug",
  "batch committed": "debug",
  "call began": null,
  "call ended": "debug",
  "batch failed": "warn",
  "worker failed": "warn",
  "commit resolved": "warn",
  "lease lost": "warn",
  "row rejected": "warn",
  warned: "warn",
  "pace changed": "info",
  "signal blind": "warn",
  "stage done": "info",
  "sweep started": "info",
  "worker waiting": "debug",
  "server observed": null,
  progress: null,
  "run stopped": "info",
};

/**
 * Writes the engine's events to a file as JSON lines. Events carry no values of rows, so neither does the
 * log.
 */
export class EventLog {
  readonly #logger: Logger;
  readonly #destination: ReturnType<typeof pino.destination>;

  constructor(path: string) {
    this.#destination = pino.destination({ dest: path, append: true, sync: true, mkdir: true });
    this.#logger = pino(
      { level: "debug", base: null, timestamp: pino.stdTimeFunctions.isoTime },
      this.#destination,
    );
  }

  hear(event: EngineEvent): void {
    const level = levels[event.type];
    if (level === null) return;
    const { type, run, ...rest } = event;
    // Numbers of ranges may exceed what JSON numbers can hold.
    const texts = Object.fromEntries(
      Object.entries(rest).map(([name, value]) => [
        name,
        typeof value === "bigint" ? value.toString() : value,
      ]),
    );
    this.#logger[level]({ run: run.toString(), ...texts }, type);
  }

  /** Steps belong to a job: those before the rows have no run yet. */
  hearStep(event: StepEvent): void {
    const { type, ...rest } = event;
    this.#logger[type === "step waits" || type === "step held" ? "warn" : "info"](rest, type);
  }

  close(): void {
    this.#destination.end();
  }
}
