import type { RunPace } from "../job/pace/pace.ts";

/** A pace in a line: what was set for a run. */
export function describePace({
  workers,
  batchTime,
  rowsPerSecond,
  callsAtOnce,
  callsPerSecond,
  window,
  replica,
  ignore,
}: RunPace): string {
  const parts = [
    workers === undefined ? null : `${workers} ${workers === 1 ? "worker" : "workers"} a process`,
    batchTime === undefined ? null : `batches of ${batchTime}`,
    rowsPerSecond === undefined ? null : `at most ${rowsPerSecond.toLocaleString("en-US")} rows/s`,
    callsAtOnce === undefined ? null : `${callsAtOnce} calls at once a process`,
    callsPerSecond === undefined ? null : `at most ${callsPerSecond.toLocaleString("en-US")} calls/s`,
    window === undefined ? null : `only ${window}`,
    replica === undefined ? null : `watching ${replica.join(", ")}`,
    ignore === undefined ? null : `ignoring ${ignore.join(", ")}`,
  ].filter((part) => part !== null);
  return parts.length === 0 ? "the pace of its job" : parts.join(", ");
}
