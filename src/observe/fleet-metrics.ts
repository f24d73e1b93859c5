import {
  AggregatorRegistry,
  Counter,
  Gauge,
  type MetricObjectWithValues,
  type MetricValue,
  Registry,
} from "prom-client";
import type { EngineEvent } from "../engine/report/events.ts";
import { fleetMetricNames, itemOutcomes } from "./fleet-metric-names.ts";
import type { Metrics } from "./metrics.ts";

type Name = (typeof fleetMetricNames)[number]["name"];

/** What the queue says of itself. */
export interface FleetReading {
  readonly depth: {
    readonly waiting: number;
    readonly deferred: number;
    readonly running: number;
    readonly dead: number;
    readonly oldestSeconds: number;
  };
  /** the machines of the workers, one for each worker */
  readonly hosts: readonly string[];
  readonly rollouts: readonly {
    readonly job: string;
    readonly state: string;
    readonly wave: number;
    readonly targets: Readonly<Record<string, number>>;
  }[];
}

/** For how long the last values of a run stay on the page after it: until they were scraped. */
const keptMs = 60_000;

/** The gauges whose series come and go with machines and waves. */
const ofRollouts = [
  "tidefill_fleet_workers",
  "tidefill_fleet_targets",
  "tidefill_fleet_wave",
  "tidefill_fleet_waves_stopped",
] as const;

interface RunMetrics {
  readonly target: string;
  readonly metrics: Metrics;
  /** null while it is at work */
  endedAt: number | null;
}

/** The metrics of a worker of the fleet: its own, the queue's, and those of its runs by target. */
export class FleetMetrics {
  readonly contentType = Registry.PROMETHEUS_CONTENT_TYPE;
  readonly #registry = new Registry();
  readonly #gauges = new Map<string, Gauge>();
  readonly #items: Counter;
  readonly #newMetrics: () => Metrics;
  readonly #runs = new Map<string, RunMetrics>();

  /** `newMetrics` makes the metrics of one run. */
  constructor(slots: number, newMetrics: () => Metrics) {
    this.#newMetrics = newMetrics;
    const registers = [this.#registry];
    for (const { name, help, labels, type } of fleetMetricNames)
      if (type === "gauge")
        this.#gauges.set(name, new Gauge({ name, help, labelNames: [...labels], registers }));
    const [, , { name, help, labels }] = fleetMetricNames;
    this.#items = new Counter({ name, help, labelNames: [...labels], registers });
    for (const outcome of itemOutcomes) this.#items.inc({ outcome }, 0);
    this.#slots(0, slots);
  }

  /** Takes an event of a run on a target into the run's own metrics. */
  hear(target: string, event: EngineEvent): void {
    this.#forgetOld();
    const key = `${target} ${event.job}`;
    const run = this.#runs.get(key) ?? { target, metrics: this.#metricsOf(target), endedAt: null };
    run.endedAt = event.type === "run stopped" ? Date.now() : null;
    this.#runs.set(key, run);
    run.metrics.hear(event);
  }

  /** The worker has ended an item on a target: from here on its runs there are over. */
  left(target: string): void {
    for (const run of this.#runs.values()) if (run.target === target) run.endedAt ??= Date.now();
  }

  ended(outcome: (typeof itemOutcomes)[number]): void {
    this.#items.inc({ outcome });
  }

  busy(busy: number, slots: number): void {
    this.#slots(busy, slots);
  }

  read({ depth, hosts, rollouts }: FleetReading): void {
    for (const state of ["waiting", "deferred", "running", "dead"] as const)
      this.#gauge("tidefill_queue_items").set({ state }, depth[state]);
    this.#gauge("tidefill_queue_oldest_seconds").set(depth.oldestSeconds);
    for (const name of ofRollouts) this.#gauge(name).reset();
    for (const host of hosts) this.#gauge("tidefill_fleet_workers").inc({ host });
    for (const { job: job_name, state, wave, targets: counts } of rollouts) {
      for (const [each, count] of Object.entries(counts))
        this.#gauge("tidefill_fleet_targets").set({ job_name, state: each }, count);
      this.#gauge("tidefill_fleet_wave").set({ job_name }, wave + 1);
      this.#gauge("tidefill_fleet_waves_stopped").set({ job_name }, state === "stopped" ? 1 : 0);
    }
  }

  /** The queue cannot be reached: what it last said of itself would be wrong soon. */
  forgetQueue(): void {
    for (const name of ["tidefill_queue_items", ...ofRollouts] as const) this.#gauge(name).reset();
    // A gauge without labels would be 0 after a reset.
    this.#gauge("tidefill_queue_oldest_seconds").remove();
  }

  /** The metrics in Prometheus' text format. */
  async text(): Promise<string> {
    this.#forgetOld();
    const registries = [this.#registry, ...[...this.#runs.values()].map(({ metrics }) => metrics.registry)];
    const all = await Promise.all(registries.map((registry) => registry.getMetricsAsJSON()));
    return AggregatorRegistry.aggregate(
      all as MetricObjectWithValues<MetricValue<string>>[][] as never,
    ).metrics();
  }

  #forgetOld(): void {
    for (const [key, { endedAt }] of this.#runs)
      if (endedAt !== null && Date.now() - endedAt > keptMs) this.#runs.delete(key);
  }

  #metricsOf(target: string): Metrics {
    const metrics = this.#newMetrics();
    metrics.registry.setDefaultLabels({ target });
    return metrics;
  }

  #slots(busy: number, slots: number): void {
    this.#gauge("tidefill_fleet_slots").set({ state: "busy" }, busy);
    this.#gauge("tidefill_fleet_slots").set({ state: "free" }, slots - busy);
  }

  #gauge(name: Name): Gauge {
    const found = this.#gauges.get(name);
    if (found === undefined) throw new Error(`There is no metric ${name} of that type.`);
    return found;
  }
}
