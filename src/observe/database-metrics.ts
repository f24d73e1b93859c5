import type { EngineEvent } from "../engine/report/events.ts";
import type { Meters } from "./meters.ts";

/** Sets the metrics of what a run costs the database, and of how far its replicas are behind. */
export class DatabaseMetrics {
  readonly #meters: Meters;
  #walAtStart: number | null = null;
  #walSeen = 0;

  constructor(meters: Meters) {
    this.#meters = meters;
  }

  observed(event: Extract<EngineEvent, { type: "server observed" }>): void {
    const { job: job_name, table, activity, undoLogBytes, ownWalBytesPerSecond } = event;
    if (ownWalBytesPerSecond !== null)
      this.#meters.gauge("tidefill_own_wal_bytes_per_second").set({ job_name }, ownWalBytesPerSecond);
    this.#meters.gauge("tidefill_undo_log_bytes").set({ job_name }, undoLogBytes);
    this.#meters.gauge("tidefill_table_dead_tuples").set({ table }, activity.deadTuples);
    this.#walAtStart ??= activity.walBytes;
    const wal = Math.max(0, activity.walBytes - this.#walAtStart);
    this.#meters.counter("tidefill_wal_bytes_total").inc({ job_name }, Math.max(0, wal - this.#walSeen));
    this.#walSeen = Math.max(this.#walSeen, wal);
    this.#lags(event.replicas);
  }

  #lags(replicas: Extract<EngineEvent, { type: "server observed" }>["replicas"]): void {
    const bytesBehind = this.#meters.gauge("tidefill_replication_lag_bytes");
    const secondsBehind = this.#meters.gauge("tidefill_replication_lag_seconds");
    // A replica that is gone must not keep showing its last lag.
    bytesBehind.reset();
    secondsBehind.reset();
    for (const { name: replica, bytes, seconds } of replicas) {
      bytesBehind.set({ replica }, bytes);
      if (seconds !== null) secondsBehind.set({ replica }, seconds);
    }
  }
}
