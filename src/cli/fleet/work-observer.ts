import type { EventListener } from "../../engine/report/events.ts";
import { messageOf } from "../../errors.ts";
import { type Item, itemName } from "../../fleet/queue/item.ts";
import type { Queue } from "../../fleet/queue/queue.ts";
import { readDepth, readRollouts } from "../../fleet/queue/read-queue.ts";
import type { FleetListener } from "../../fleet/work/fleet-worker.ts";
import type { Outcome } from "../../fleet/work/outcome.ts";
import type { EventLog } from "../../observe/event-log.ts";
import type { FleetMetrics } from "../../observe/fleet-metrics.ts";
import { formatSeconds } from "../../observe/format.ts";
import { ownVersion } from "../../own-package.ts";
import type { MetricsServer } from "../../server/metrics-server.ts";
import type { FleetNotifier } from "../notify/fleet-notifier.ts";
import { emphasise, say } from "../terminal/output.ts";
import { toTidefillError } from "../terminal/to-tidefill-error.ts";

/** A worker that has not reached the queue for so long is not ready. */
const readyWithinMs = 30_000;
const readEveryMs = 5_000;

interface ObserverSettings {
  readonly slots: number;
  readonly metricsPort?: number | undefined;
  readonly metricsHost: string;
  readonly log?: string | undefined;
}

/** What hears of the worker besides its terminal. */
interface Listeners {
  readonly metrics: FleetMetrics | null;
  readonly log: EventLog | null;
  readonly notifier: FleetNotifier | null;
}

const colours = {
  done: "green",
  later: "cyan",
  refused: "dim",
  failed: "yellow",
  dead: "red",
  lost: "yellow",
} as const;

/** What a worker of the fleet shows: a line for each item that begins or ends, metrics, and whether it is ready. */
export class WorkObserver implements FleetListener {
  readonly #queue: Queue;
  readonly #slots: number;
  readonly #metrics: FleetMetrics | null;
  readonly #log: EventLog | null;
  #server: MetricsServer | null = null;
  #timer: NodeJS.Timeout | undefined;
  #busy = 0;
  #reachedAt = performance.now();
  #isAway = false;
  readonly #notifier: FleetNotifier | null;
  /** whether an item that it has done is a dead letter */
  hasDied = false;

  private constructor(queue: Queue, slots: number, { metrics, log, notifier }: Listeners) {
    this.#queue = queue;
    this.#slots = slots;
    this.#notifier = notifier;
    this.#metrics = metrics;
    this.#log = log;
  }

  static async open(
    queue: Queue,
    { slots, metricsPort, metricsHost, log }: ObserverSettings,
    notifier: FleetNotifier | null,
  ): Promise<WorkObserver> {
    const metrics = metricsPort === undefined ? null : await newMetrics(slots);
    const events = log === undefined ? null : new (await import("../../observe/event-log.ts")).EventLog(log);
    notifier?.start();
    const observer = new WorkObserver(queue, slots, { metrics, log: events, notifier });
    if (metrics !== null && metricsPort !== undefined)
      await observer.#serve(metrics, metricsPort, metricsHost);
    return observer;
  }

  began(item: Item): void {
    this.#busy += 1;
    this.#metrics?.busy(this.#busy, this.#slots);
    if (item.refused === undefined) say(`${emphasise("dim", "begins")}   ${itemName(item)}`);
  }

  ended(item: Item, outcome: Outcome | "lost", seconds: number): void {
    this.#busy -= 1;
    this.#metrics?.busy(this.#busy, this.#slots);
    const kind = outcome === "lost" ? "lost" : outcome.kind;
    this.#metrics?.ended(kind);
    this.#metrics?.left(item.target);
    this.#notifier?.ended(item.target);
    // An item that no worker here can take comes back every few seconds.
    if (kind === "refused" && item.refused !== undefined) return;
    const words = outcome === "lost" ? "another worker has it now" : outcome.words;
    say(`${emphasise(colours[kind], kind.padEnd(8))} ${itemName(item)}: ${words}; ${formatSeconds(seconds)}`);
    if (kind === "dead") this.hasDied = true;
    if (kind === "dead")
      say(`${emphasise("cyan", "→")} tidefill queue   shows it; then: tidefill queue retry|drop <id>`);
  }

  reached(error: unknown): void {
    if (error === null) {
      if (this.#isAway) say("The queue can be reached again.");
      this.#isAway = false;
      this.#reachedAt = performance.now();
      return;
    }
    if (!this.#isAway)
      say(
        `${emphasise("yellow", "warning")} The queue cannot be reached: ${messageOf(error)} Runs go on without it.`,
      );
    this.#isAway = true;
    this.#metrics?.forgetQueue();
  }

  scheduleFailed = (error: unknown): void => {
    const { message } = toTidefillError(error);
    say(`${emphasise("yellow", "warning")} What a schedule has sent for could not be enqueued: ${message}`);
  };

  runListeners({ target }: Item): readonly EventListener[] {
    return [
      (event) => this.#metrics?.hear(target, event),
      (event) => this.#notifier?.hear(target, event),
      (event) => this.#log?.hear(Object.assign({ target }, event)),
    ];
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#notifier?.stop();
    await this.#server?.stop(() =>
      say(emphasise("dim", "Waiting for a scrape of the final metrics; Ctrl-C ends at once.")),
    );
    this.#log?.close();
  }

  async #serve(metrics: FleetMetrics, port: number, host: string): Promise<void> {
    const { MetricsServer } = await import("../../server/metrics-server.ts");
    this.#server = new MetricsServer(metrics, () =>
      performance.now() - this.#reachedAt > readyWithinMs ? "the queue cannot be reached" : null,
    );
    const bound = await this.#server.start(port, host);
    say(emphasise("dim", `Metrics at http://${host}:${bound}/metrics`));
    const read = (): void => void this.#read(metrics).catch(() => {});
    read();
    this.#timer = setInterval(read, readEveryMs);
  }

  async #read(metrics: FleetMetrics): Promise<void> {
    const { boss, db } = this.#queue;
    const [depth, rollouts, instances] = [
      await readDepth(db),
      await readRollouts(db),
      await boss.getInstances(),
    ];
    const hosts = instances.filter(({ live }) => live).map(({ host }) => host);
    metrics.read({ depth, rollouts, hosts });
  }
}

/** Loads prom-client only where metrics are asked for. */
async function newMetrics(slots: number): Promise<FleetMetrics> {
  const { FleetMetrics: Fleet } = await import("../../observe/fleet-metrics.ts");
  const { Metrics } = await import("../../observe/metrics.ts");
  return new Fleet(slots, () => new Metrics(ownVersion()));
}
