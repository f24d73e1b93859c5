import type { EventListener, StepEvent } from "../../engine/report/events.ts";
import type { EventLog } from "../../observe/event-log.ts";
import type { Metrics } from "../../observe/metrics.ts";
import { ProgressLine } from "../../observe/progress-line.ts";
import { ownVersion } from "../../own-package.ts";
import type { MetricsServer } from "../../server/metrics-server.ts";
import { emphasise, say } from "./output.ts";

export interface ObserverSettings {
  readonly metricsPort?: number | undefined;
  readonly pushgateway?: string | undefined;
  readonly log?: string | undefined;
}

/** How long a warning is not repeated when another signal gives the same one. */
const sameWordsMs = 60_000;

/** The listeners to a run on the command line: the progress line, the metrics, the log. */
export class Observers {
  readonly progress = new ProgressLine(process.stderr);
  readonly #metrics: Metrics | null;
  readonly #log: EventLog | null;
  readonly #settings: ObserverSettings;
  #server: MetricsServer | null = null;
  #hasRun = false;
  /** when each warning last came, by its text */
  readonly #toldAt = new Map<string, number>();

  private constructor(settings: ObserverSettings, metrics: Metrics | null, log: EventLog | null) {
    this.#settings = settings;
    this.#metrics = metrics;
    this.#log = log;
  }

  /** Loads only what the settings ask for: loading is most of the start-up time. */
  static async open(settings: ObserverSettings): Promise<Observers> {
    const { metricsPort, pushgateway, log } = settings;
    const isMeasured = metricsPort !== undefined || pushgateway !== undefined;
    const metrics = isMeasured ? new (await import("../../observe/metrics.ts")).Metrics(ownVersion()) : null;
    const eventLog =
      log === undefined ? null : new (await import("../../observe/event-log.ts")).EventLog(log);
    return new Observers(settings, metrics, eventLog);
  }

  get listeners(): readonly EventListener[] {
    return [
      (event) => this.progress.hear(event),
      (event) => {
        this.#hasRun = true;
        this.#metrics?.hear(event);
      },
      (event) => this.#log?.hear(event),
      (event) => {
        if (event.type === "signal blind") this.#warn(event);
        if (event.type === "stage done") this.#say(event.message);
        if (event.type === "warned")
          this.#say(
            `${emphasise("yellow", "warning")} ${event.message}\n${emphasise("cyan", "→")} ${event.remedy}`,
          );
      },
    ];
  }

  hearStep(event: StepEvent): void {
    this.progress.clear();
    this.#metrics?.hearStep(event);
    this.#log?.hearStep(event);
  }

  /** A warning that several signals give in the same words is printed once. */
  #warn({ signal, message }: { readonly signal: string; readonly message: string }): void {
    const now = performance.now();
    const toldAt = this.#toldAt.get(message) ?? Number.NEGATIVE_INFINITY;
    this.#toldAt.set(message, now);
    if (now - toldAt > sameWordsMs) this.#say(`${emphasise("yellow", "warning")} ${signal}: ${message}`);
  }

  /** Prints above the progress line, which is drawn again. */
  #say(message: string): void {
    this.progress.clear();
    say(message);
  }

  async start(): Promise<void> {
    const { metricsPort } = this.#settings;
    if (metricsPort === undefined || this.#metrics === null) return;
    this.#server = new (await import("../../server/metrics-server.ts")).MetricsServer(this.#metrics);
    const port = await this.#server.start(metricsPort);
    say(emphasise("dim", `Metrics at http://127.0.0.1:${port}/metrics`));
  }

  /** Ends in order: the last values are pushed and scraped before the server closes. */
  async stop(): Promise<void> {
    this.progress.clear();
    const { pushgateway } = this.#settings;
    if (pushgateway !== undefined && this.#hasRun) {
      await this.#metrics?.push(pushgateway).catch((error: unknown) => {
        say(
          `${emphasise("yellow", "warning")} The metrics could not be pushed to ${new URL(pushgateway).host}: ${String(error)}`,
        );
      });
    }
    await this.#server?.stop(() =>
      say(emphasise("dim", "Waiting for a scrape of the final metrics; Ctrl-C ends at once.")),
    );
    this.#log?.close();
  }
}
