import { Counter, Gauge, Histogram, Pushgateway, Registry } from "prom-client";
import { type EngineEvent, type StepEvent, signalNames } from "../engine/report/events.ts";
import { CallMetrics } from "./call-metrics.ts";
import { DatabaseMetrics } from "./database-metrics.ts";
import { metricNames, rowOutcomes } from "./metric-names.ts";

type Name = (typeof metricNames)[number]["name"];

const etas = ["tidefill_eta_seconds", "tidefill_eta_soonest_seconds", "tidefill_eta_latest_seconds"] as const;

/** Keeps a process's metrics up to date from the engine's events; `metric-names.ts` describes each. */
export class Metrics {
  readonly registry = new Registry();
  readonly #counters = new Map<string, Counter>();
  readonly #gauges = new Map<string, Gauge>();
  readonly #histograms = new Map<string, Histogram>();
  readonly #calls: CallMetrics;
  readonly #database: DatabaseMetrics;
  #checkpointAt = Date.now();
  #toldAt: number | null = null;
  #isUndo = false;
  #job: string | null = null;
  #stepHeld: { readonly signal: string; readonly at: number } | null = null;

  constructor(version: string) {
    for (const metric of metricNames) this.#register(metric);
    this.#gauge("tidefill_build_info").set({ version }, 1);
    const meters = {
      counter: (name: Name) => this.#counter(name),
      gauge: (name: Name) => this.#gauge(name),
      histogram: (name: Name) => this.#histogram(name),
    };
    this.#calls = new CallMetrics(meters);
    this.#database = new DatabaseMetrics(meters);
  }

  hear(event: EngineEvent): void {
    this.#calls.hear(event);
    switch (event.type) {
      case "run started":
        this.#started(event);
        break;
      case "batch committed":
        this.#committed(event);
        break;
      case "batch failed":
        this.#failed(event);
        break;
      case "lease lost":
        this.#counter("tidefill_retries_total").inc({ job_name: event.job, reason: "lease" });
        break;
      case "progress":
        this.#progress(event);
        break;
      case "server observed":
        this.#database.observed(event);
        break;
      case "run stopped":
        this.#stopped(event);
        if (event.status === "succeeded") this.#succeeded(event.job);
        break;
      default:
    }
  }

  /** A step that waits for its window counts as held, as rows do. */
  hearStep(event: StepEvent): void {
    const { job: job_name } = event;
    const held = event.type === "step held" ? event.signal : null;
    for (const reason of signalNames)
      this.#gauge("tidefill_throttled").set({ job_name, reason }, reason === held ? 1 : 0);
    const now = performance.now();
    const reason = signalNames.find((name) => name === this.#stepHeld?.signal);
    if (this.#stepHeld !== null && reason !== undefined)
      this.#counter("tidefill_throttled_seconds_total").inc(
        { job_name, reason },
        (now - this.#stepHeld.at) / 1_000,
      );
    this.#stepHeld = held === null ? null : { signal: held, at: now };
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  /** The metrics in Prometheus' text format. */
  async text(): Promise<string> {
    return this.registry.metrics();
  }

  /**
   * Pushes the metrics to a Pushgateway, for runs too short to be scraped. A push replaces what its group
   * holds, so each job has a group of its own.
   */
  async push(url: string): Promise<void> {
    if (this.#job === null) return;
    const groupings = { job_name: this.#job };
    await new Pushgateway(url, { timeout: 5_000 }, this.registry).pushAdd({ jobName: "tidefill", groupings });
  }

  #started({ job: job_name, kind }: Extract<EngineEvent, { type: "run started" }>): void {
    this.#checkpointAt = Date.now();
    this.#job = job_name;
    this.#isUndo = kind === "undo";
    for (const metric of metricNames) {
      for (const [label, values] of Object.entries("values" in metric ? metric.values : {})) {
        for (const value of values as readonly string[])
          this.#touch(metric.name, { job_name, [label]: value });
      }
    }
    this.#counter("tidefill_wal_bytes_total").inc({ job_name }, 0);
    this.#gauge("tidefill_undo_log_bytes").set({ job_name }, 0);
    this.#gauge("tidefill_checkpoint_age_seconds").set({ job_name }, 0);
    this.#state(job_name, "running");
  }

  /** Prometheus misses the first increment of a counter that appears with it: it must be 0 before. */
  #touch(name: string, labels: Record<string, string>): void {
    this.#counters.get(name)?.inc(labels, 0);
    this.#histograms.get(name)?.zero(labels);
    this.#gauges.get(name)?.set(labels, 0);
  }

  #committed({ job: job_name, counts, seconds }: Extract<EngineEvent, { type: "batch committed" }>): void {
    const rows = this.#counter("tidefill_rows_total");
    for (const outcome of rowOutcomes) {
      const name = outcome === "written" && this.#isUndo ? "undone" : outcome;
      rows.inc({ job_name, outcome: name }, Math.max(0, counts[outcome]));
    }
    this.#counter("tidefill_batches_total").inc({ job_name, outcome: "committed" });
    const histogram = this.#histogram("tidefill_batch_duration_seconds");
    for (const [phase, value] of Object.entries(seconds)) histogram.observe({ job_name, phase }, value);
    this.#checkpointAt = Date.now();
    this.#gauge("tidefill_checkpoint_age_seconds").set({ job_name }, 0);
    this.#gauge("tidefill_last_checkpoint_timestamp_seconds").set({ job_name }, this.#checkpointAt / 1_000);
  }

  #failed({ job: job_name, action, reason }: Extract<EngineEvent, { type: "batch failed" }>): void {
    const isHalved = action === "shrink" || action === "reject";
    this.#counter("tidefill_batches_total").inc({ job_name, outcome: isHalved ? "halved" : "retried" });
    const known = [
      "lock",
      "deadlock",
      "serialization",
      "timeout",
      "connection",
      "login",
      "resources",
      "data",
    ];
    if (known.includes(reason)) this.#counter("tidefill_retries_total").inc({ job_name, reason });
  }

  #progress(event: Extract<EngineEvent, { type: "progress" }>): void {
    const { job: job_name, progress, busyWorkers, workers } = event;
    this.#state(job_name, event.status);
    this.#gauge("tidefill_run_progress_ratio").set({ job_name }, event.ratio);
    this.#gauge("tidefill_rows_remaining").set({ job_name }, event.rowsRemaining);
    if (progress.rowsPerSecond > 0) {
      this.#gauge("tidefill_eta_seconds").set({ job_name }, event.rowsRemaining / progress.rowsPerSecond);
    }
    this.#eta("soonest", job_name, event.etaInterval?.[0]);
    this.#eta("latest", job_name, event.etaInterval?.[1]);
    this.#throttled(event);
    this.#gauge("tidefill_batch_rows").set({ job_name }, event.batchRows);
    this.#gauge("tidefill_workers").set({ job_name, state: "busy" }, busyWorkers);
    this.#gauge("tidefill_workers").set({ job_name, state: "waiting" }, workers - busyWorkers);
    this.#gauge("tidefill_checkpoint_age_seconds").set(
      { job_name },
      (Date.now() - this.#checkpointAt) / 1_000,
    );
  }

  /** An unknown time is absent, never 0. */
  #eta(end: "soonest" | "latest", job_name: string, seconds: number | undefined): void {
    const gauge = this.#gauge(`tidefill_eta_${end}_seconds`);
    if (seconds === undefined) gauge.remove({ job_name });
    else gauge.set({ job_name }, seconds);
  }

  #throttled({ job: job_name, heldBack, level }: Extract<EngineEvent, { type: "progress" }>): void {
    const now = performance.now();
    const seconds = this.#toldAt === null ? 0 : (now - this.#toldAt) / 1_000;
    this.#toldAt = now;
    this.#gauge("tidefill_pace_level").set({ job_name }, level);
    for (const reason of signalNames) {
      const utilization = heldBack?.signal === reason ? heldBack.utilization : 0;
      this.#gauge("tidefill_throttled").set({ job_name, reason }, utilization);
    }
    if (heldBack !== null)
      this.#counter("tidefill_throttled_seconds_total").inc({ job_name, reason: heldBack.signal }, seconds);
  }

  #stopped({ job: job_name, status }: Extract<EngineEvent, { type: "run stopped" }>): void {
    this.#state(job_name, status);
    for (const reason of signalNames) this.#gauge("tidefill_throttled").set({ job_name, reason }, 0);
    for (const state of ["busy", "waiting"]) this.#gauge("tidefill_workers").set({ job_name, state }, 0);
    for (const name of etas) this.#gauge(name).remove({ job_name });
  }

  #succeeded(job_name: string): void {
    this.#gauge("tidefill_run_progress_ratio").set({ job_name }, 1);
    this.#gauge("tidefill_rows_remaining").set({ job_name }, 0);
    for (const name of etas) this.#gauge(name).set({ job_name }, 0);
    this.#gauge("tidefill_last_success_timestamp_seconds").set({ job_name }, Date.now() / 1_000);
  }

  #state(job_name: string, current: string): void {
    const { values } = metricNames.find((metric) => metric.name === "tidefill_run_state") as {
      readonly values: { readonly state: readonly string[] };
    };
    for (const state of values.state)
      this.#gauge("tidefill_run_state").set({ job_name, state }, state === current ? 1 : 0);
  }

  #register(metric: (typeof metricNames)[number]): void {
    const common = {
      name: metric.name,
      help: metric.help,
      labelNames: [...metric.labels],
      registers: [this.registry],
    };
    if (metric.type === "counter") this.#counters.set(metric.name, new Counter(common));
    // A fleet's worker merges the metrics of its runs: what two runs tell of one database is the same thing.
    else if (metric.type === "gauge")
      this.#gauges.set(metric.name, new Gauge({ ...common, aggregator: "max" }));
    else this.#histograms.set(metric.name, new Histogram({ ...common, buckets: [...metric.buckets] }));
  }

  #counter(name: Name): Counter {
    return found(this.#counters.get(name), name);
  }

  #gauge(name: Name): Gauge {
    return found(this.#gauges.get(name), name);
  }

  #histogram(name: Name): Histogram {
    return found(this.#histograms.get(name), name);
  }
}

function found<T>(metric: T | undefined, name: string): T {
  if (metric === undefined) throw new Error(`There is no metric ${name} of that type.`);
  return metric;
}
