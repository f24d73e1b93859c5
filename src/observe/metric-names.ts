import { signalNames } from "../engine/report/events.ts";

/**
 * One metric as it appears on the scrape page. `values` lists the fixed values of a label: the registry sets
 * a series for each of them to 0 when a process joins a run, because Prometheus misses the first increment of
 * a counter that appears with it. `buckets` are a histogram's upper bounds.
 */
interface MetricName {
  readonly name: `tidefill_${string}`;
  readonly type: "counter" | "gauge" | "histogram";
  readonly help: string;
  readonly labels: readonly string[];
  readonly values?: Readonly<Record<string, readonly string[]>>;
  readonly buckets?: readonly number[];
}

/** What may become of a row. Batches count them; a sweep subtracts the rejects that it could do after all. */
export const rowOutcomes = [
  "read",
  "written",
  "unchanged",
  "skipped",
  "rejected",
  "swallowed",
  "conflicted",
] as const;

/**
 * Every metric that tidefill exposes: the registry is built from this table, and the dashboard, the alert
 * rules and docs/metrics.md are tested against it. No label is called `job`: Prometheus overwrites it.
 */
export const metricNames = [
  {
    name: "tidefill_rows_total",
    type: "counter",
    help: "Rows by what became of them: read once, then written, unchanged, skipped, rejected, swallowed by a trigger, or conflicted; undone when an undo restored them.",
    labels: ["job_name", "outcome"],
    values: { outcome: [...rowOutcomes, "undone"] },
  },
  {
    name: "tidefill_batches_total",
    type: "counter",
    help: "Batches by how they ended: committed, rolled back and tried again, or split in two to go on.",
    labels: ["job_name", "outcome"],
    values: { outcome: ["committed", "retried", "halved"] },
  },
  {
    name: "tidefill_batch_duration_seconds",
    type: "histogram",
    help: "Time that one batch spent in each phase.",
    labels: ["job_name", "phase"],
    values: { phase: ["read", "transform", "write", "commit"] },
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.4, 0.6, 1, 2.5, 5, 10],
  },
  {
    name: "tidefill_batch_rows",
    type: "gauge",
    help: "Rows that the next batch will take, as the pace has chosen.",
    labels: ["job_name"],
  },
  {
    name: "tidefill_retries_total",
    type: "counter",
    help: "Batches tried again, by the reason of the failed attempt.",
    labels: ["job_name", "reason"],
    values: {
      reason: [
        "lock",
        "deadlock",
        "serialization",
        "timeout",
        "connection",
        "login",
        "resources",
        "data",
        "lease",
      ],
    },
  },
  {
    name: "tidefill_run_progress_ratio",
    type: "gauge",
    help: "Share of the run's estimated rows that is committed, from 0 to 1.",
    labels: ["job_name"],
  },
  {
    name: "tidefill_rows_remaining",
    type: "gauge",
    help: "Estimated rows that the run has still to visit.",
    labels: ["job_name"],
  },
  {
    name: "tidefill_eta_seconds",
    type: "gauge",
    help: "Estimated seconds until the run is done at its present speed; absent until there is a speed.",
    labels: ["job_name"],
  },
  {
    name: "tidefill_eta_soonest_seconds",
    type: "gauge",
    help: "The same at the faster of the present speed and that of the whole run, closed hours of its window included.",
    labels: ["job_name"],
  },
  {
    name: "tidefill_eta_latest_seconds",
    type: "gauge",
    help: "The same at the slower of both.",
    labels: ["job_name"],
  },
  {
    name: "tidefill_checkpoint_age_seconds",
    type: "gauge",
    help: "Seconds since this process last committed a checkpoint of the run, or since it joined the run.",
    labels: ["job_name"],
  },
  {
    name: "tidefill_last_checkpoint_timestamp_seconds",
    type: "gauge",
    help: "When this process last committed a checkpoint of the run, in seconds since the epoch.",
    labels: ["job_name"],
  },
  {
    name: "tidefill_last_success_timestamp_seconds",
    type: "gauge",
    help: "When a run of the job last succeeded, in seconds since the epoch.",
    labels: ["job_name"],
  },
  {
    name: "tidefill_run_state",
    type: "gauge",
    help: "1 for the state that the run is in, 0 for each other one.",
    labels: ["job_name", "state"],
    values: {
      state: ["pending", "running", "succeeded", "paused", "interrupted", "failed", "cancelled"],
    },
  },
  {
    name: "tidefill_workers",
    type: "gauge",
    help: "Workers of this process that are in a batch (busy) or between batches (waiting).",
    labels: ["job_name", "state"],
    values: { state: ["busy", "waiting"] },
  },
  {
    name: "tidefill_pace_level",
    type: "gauge",
    help: "How much of its pace the run may use: 1 is all of it, 0 is held.",
    labels: ["job_name"],
  },
  {
    name: "tidefill_throttled",
    type: "gauge",
    help: "Utilization of the signal that holds the run back, 1 being its limit; 0 for all other signals.",
    labels: ["job_name", "reason"],
    values: { reason: signalNames },
  },
  {
    name: "tidefill_throttled_seconds_total",
    type: "counter",
    help: "Seconds that this process was held back or slowed down, by the signal that did it.",
    labels: ["job_name", "reason"],
    values: { reason: signalNames },
  },
  {
    name: "tidefill_replication_lag_bytes",
    type: "gauge",
    help: "WAL that a replica has not yet replayed; absent when there is no replica.",
    labels: ["replica"],
  },
  {
    name: "tidefill_replication_lag_seconds",
    type: "gauge",
    help: "Seconds since the primary wrote what a replica has not replayed yet; absent when there is no replica.",
    labels: ["replica"],
  },
  {
    name: "tidefill_wal_bytes_total",
    type: "counter",
    help: "WAL that all sessions together wrote while the run was working.",
    labels: ["job_name"],
  },
  {
    name: "tidefill_own_wal_bytes_per_second",
    type: "gauge",
    help: "WAL that tidefill's own sessions write, all runs in the database together; absent before PostgreSQL 18.",
    labels: ["job_name"],
  },
  {
    name: "tidefill_table_dead_tuples",
    type: "gauge",
    help: "Dead rows of a table that autovacuum has still to clean up, by the table's statistics.",
    labels: ["table"],
  },
  {
    name: "tidefill_undo_log_bytes",
    type: "gauge",
    help: "Size of the run's undo log; 0 when the run keeps none.",
    labels: ["job_name"],
  },
  {
    name: "tidefill_calls_total",
    type: "counter",
    help: "Calls of other systems by how they ended: answered, failed, timed out, or told to wait.",
    labels: ["job_name", "outcome"],
    values: { outcome: ["answered", "failed", "timed_out", "told_to_wait"] },
  },
  {
    name: "tidefill_call_duration_seconds",
    type: "histogram",
    help: "Time that one call of another system took, however it ended.",
    labels: ["job_name"],
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600],
  },
  {
    name: "tidefill_calls_under_way",
    type: "gauge",
    help: "Calls that this process has begun and that have not ended.",
    labels: ["job_name"],
  },
  {
    name: "tidefill_calls_paused_seconds_total",
    type: "counter",
    help: "Seconds in which this process began no call, because another system had told the run to wait; looked at every second.",
    labels: ["job_name"],
  },
  {
    name: "tidefill_kept_answers",
    type: "gauge",
    help: "Answers of the run that wait for the batch that writes them, counted up to 100,000; absent when the run keeps none.",
    labels: ["job_name"],
  },
  {
    name: "tidefill_call_cost_total",
    type: "counter",
    help: "What the calls of this process cost, at the price that the job states for one call; absent when it states none.",
    labels: ["job_name", "currency"],
  },
  {
    name: "tidefill_build_info",
    type: "gauge",
    help: "Always 1; the label says which version of tidefill the process runs.",
    labels: ["version"],
  },
] as const satisfies readonly MetricName[];
