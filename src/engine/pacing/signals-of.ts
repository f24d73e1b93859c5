import type { ThrottleDefinition } from "../../job/pace/throttles.ts";
import type { Signal } from "../../throttle/signal.ts";
import { activeSessions } from "../../throttle/signals/active-sessions.ts";
import { archiver } from "../../throttle/signals/archiver.ts";
import { autovacuum } from "../../throttle/signals/autovacuum.ts";
import { CommitLatency } from "../../throttle/signals/commit-latency.ts";
import { deadTuples } from "../../throttle/signals/dead-tuples.ts";
import { diskSpace } from "../../throttle/signals/disk-space.ts";
import { lockTable } from "../../throttle/signals/lock-table.ts";
import { LockWaits } from "../../throttle/signals/lock-waits.ts";
import { ownSnapshots } from "../../throttle/signals/own-snapshots.ts";
import { Processor } from "../../throttle/signals/processor.ts";
import { prometheusQuery } from "../../throttle/signals/prometheus-query.ts";
import {
  defaultMaxBytes,
  defaultMaxSeconds,
  ReplicationLag,
} from "../../throttle/signals/replication-lag.ts";
import { replicationSlots } from "../../throttle/signals/replication-slots.ts";
import { stopFile } from "../../throttle/signals/stop-file.ts";
import { synchronousStandby } from "../../throttle/signals/synchronous-standby.ts";
import { userFunction } from "../../throttle/signals/user-function.ts";
import { userQuery } from "../../throttle/signals/user-query.ts";
import { WalWritten } from "../../throttle/signals/wal-written.ts";
import { type OpenHours, WindowSignal } from "../../throttle/signals/window-signal.ts";
import type { RunTask } from "../batch/run-task.ts";

/** `touch stop-backfills` holds every run that was started in the same working directory. */
const stopFileName = "stop-backfills";

/** All signals of a run, and those that give more than a utilization. */
export interface Signals {
  readonly all: readonly Signal[];
  readonly lag: ReplicationLag;
  readonly wal: WalWritten;
  readonly commits: CommitLatency;
}

/**
 * The signals that are always read, and those that the job adds. `batches` is the prefix of the names of the
 * run's batches; `replicas` returns the standbys that the run declares now.
 */
export function signalsOf(
  { relation, throttles }: RunTask,
  batches: string,
  replicas: () => readonly string[],
  hours: () => OpenHours | null,
): Signals {
  const lags = throttles.filter((throttle) => throttle.kind === "replica lag");
  const rates = throttles.filter((throttle) => throttle.kind === "wal rate");
  const lag = new ReplicationLag({
    declared: () => [...new Set([...replicas(), ...lags.flatMap((each) => each.replicas)])],
    maxSeconds: Math.min(
      ...lags.map(({ maxSeconds }) => maxSeconds ?? defaultMaxSeconds),
      longest(lags, defaultMaxSeconds),
    ),
    maxBytes: Math.min(
      ...lags.map(({ maxBytes }) => maxBytes ?? defaultMaxBytes),
      longest(lags, defaultMaxBytes),
    ),
  });
  const wal = new WalWritten(
    rates.length === 0 ? null : Math.min(...rates.map(({ maxBytesPerSecond }) => maxBytesPerSecond)),
    batches,
  );
  const commits = new CommitLatency();
  const always = [
    ...stopFilesOf(throttles),
    new WindowSignal(hours),
    lag,
    commits,
    wal,
    new LockWaits(),
    lockTable,
    activeSessions,
    new Processor(),
    autovacuum(relation),
    deadTuples(relation),
    ownSnapshots,
    replicationSlots,
    synchronousStandby,
    archiver,
    diskSpace,
  ];
  return { all: [...always, ...throttles.flatMap(signalOf)], lag, wal, commits };
}

/** Signals for the stop file of the working directory and for those that the job names. */
export function stopFilesOf(throttles: readonly ThrottleDefinition[]): readonly Signal[] {
  const own = throttles.filter((throttle) => throttle.kind === "stop file");
  return [stopFileName, ...own.map(({ path }) => path)].map((path) => stopFile(path));
}

/** The default applies only where the job sets nothing. */
function longest(given: readonly unknown[], fallback: number): number {
  return given.length === 0 ? fallback : Number.POSITIVE_INFINITY;
}

function signalOf(throttle: ThrottleDefinition): Signal[] {
  switch (throttle.kind) {
    case "query":
      return [userQuery(throttle)];
    case "function":
      return [userFunction(throttle)];
    case "prometheus":
      return [prometheusQuery(throttle)];
    default:
      return [];
  }
}
