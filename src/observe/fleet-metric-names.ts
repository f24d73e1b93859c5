/** Every metric of the fleet, beside those of its runs; the dashboard, the rules and docs/metrics.md are tested against it. */
export const fleetMetricNames = [
  {
    name: "tidefill_queue_items",
    type: "gauge",
    help: "Items of the queue by state: waiting, deferred (until a time, another attempt, or a worker with its files), running, dead.",
    labels: ["state"],
  },
  {
    name: "tidefill_queue_oldest_seconds",
    type: "gauge",
    help: "For how long the oldest item has waited that could have begun.",
    labels: [],
  },
  {
    name: "tidefill_fleet_items_total",
    type: "counter",
    help: "Items that this worker has ended, by what became of them: done, later, refused, failed, dead, or lost to another worker.",
    labels: ["outcome"],
  },
  {
    name: "tidefill_fleet_slots",
    type: "gauge",
    help: "Items that this worker may do at once, by state: busy or free.",
    labels: ["state"],
  },
  {
    name: "tidefill_fleet_workers",
    type: "gauge",
    help: "Workers of the fleet that the queue has heard from lately, by machine.",
    labels: ["host"],
  },
  {
    name: "tidefill_fleet_targets",
    type: "gauge",
    help: "Targets of a job that goes over them in waves, by state: waiting, queued, succeeded, failed, dropped.",
    labels: ["job_name", "state"],
  },
  {
    name: "tidefill_fleet_wave",
    type: "gauge",
    help: "The wave that such a job is in, from 1.",
    labels: ["job_name"],
  },
  {
    name: "tidefill_fleet_waves_stopped",
    type: "gauge",
    help: "1 while the waves of a job have stopped because of a failure.",
    labels: ["job_name"],
  },
] as const;

/** What may become of an item. */
export const itemOutcomes = ["done", "later", "refused", "failed", "dead", "lost"] as const;
