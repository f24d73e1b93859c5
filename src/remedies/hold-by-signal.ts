import type { Reading, SignalName } from "../throttle/signal.ts";
import type { Hold } from "./hold.ts";
import { holdByObstacle, roomOnDisk } from "./obstacles.ts";

/** What to do about each signal; `run` is the run as typed in a command. */
const remedies: Readonly<Record<SignalName, (run: string) => string>> = {
  "replication lag": (run) =>
    `look for long queries on the standby; to watch other standbys: tidefill set ${run} replica=<name>`,
  "replication slots": () =>
    "start the slot's consumer, or drop the slot: select pg_drop_replication_slot('<slot>')",
  "synchronous standby": () =>
    "bring the standby back, or wait for none: alter system set synchronous_standby_names = ''; select pg_reload_conf()",
  "lock table": (run) =>
    `use fewer workers: tidefill set ${run} workers=1; or raise max_locks_per_transaction`,
  archiver: () => "see why archive_command is slow or fails: select * from pg_stat_archiver",
  wal: (run) =>
    `it goes on when all sessions write less WAL; to ignore the job's limit: ${ignoring(run, "wal")}`,
  "disk space": () => roomOnDisk,
  "commit latency": () => "look at the disk of the WAL and at synchronous standbys; it goes on by itself",
  "lock waits": (run) => `if it lasts, use shorter batches: tidefill set ${run} batch-time=50ms`,
  "active sessions": (run) => `it goes on by itself; for full pace: ${ignoring(run, "active sessions")}`,
  processor: (run) => `it goes on by itself; for full pace: ${ignoring(run, "processor")}`,
  autovacuum: (run) => `it goes on by itself; for full pace: ${ignoring(run, "autovacuum")}`,
  "dead tuples": () =>
    "wait for autovacuum; see what holds it up: select pid, state, xact_start from pg_stat_activity order by xact_start",
  "own snapshots": (run) =>
    `look for a transform that hangs, or a machine that froze; for shorter batches: tidefill set ${run} batch-time=50ms`,
  query: (run) => `this is a throttle of the job's own; to ignore it: ${ignoring(run, "query")}`,
  function: (run) => `this is a throttle of the job's own; to ignore it: ${ignoring(run, "function")}`,
  prometheus: (run) => `this is a throttle of the job's own; to ignore it: ${ignoring(run, "prometheus")}`,
  "stop file": () => "remove that file",
  window: (run) => `to open it: tidefill set ${run} "window=00:00-24:00 UTC"`,
};

/** Signals that hold a run entirely, and that an operator may ignore where they are known to be harmless. */
const ignorable: ReadonlySet<SignalName> = new Set([
  "replication lag",
  "replication slots",
  "archiver",
  "disk space",
  "dead tuples",
]);

/** Signals by which an operator says when a run works. */
const offDuty: ReadonlySet<SignalName> = new Set(["window", "stop file"]);

function ignoring(run: string, signal: SignalName): string {
  return `tidefill set ${run} ignore=${signal.replaceAll(" ", "-")}`;
}

/** What a signal does to a run, and what to type. `isHeld`: no row is worked on until the signal falls. */
export function holdBySignal(reading: Reading, isHeld: boolean, run: string): Hold {
  const { signal, utilization, reason, failure } = reading;
  const outage = failure === undefined ? null : holdByObstacle(failure, run);
  if (outage !== null) return { ...outage, kind: isHeld ? "held" : "slowed down" };
  const remedy = remedies[signal](run);
  // Below its limit a measure reads `74 ms of at most 100 ms`: say why that matters already, or still.
  const hasMargin = utilization < 1 && /\bof at (?:most|least)\b/.test(reason);
  const border = isHeld
    ? "the run goes on at four fifths of the limit"
    : "slowing begins at half of the limit";
  return {
    kind: isHeld ? "held" : "slowed down",
    reason: hasMargin ? `${reason}; ${border}` : reason,
    remedy: isHeld && ignorable.has(signal) ? `${remedy}; to go on anyway: ${ignoring(run, signal)}` : remedy,
    ...(offDuty.has(signal) ? { cause: "off duty" } : {}),
  };
}
