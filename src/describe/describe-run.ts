import type { RunReport } from "../engine/report/run-report.ts";
import {
  formatBytes,
  formatBytesInterval,
  formatCount,
  formatInterval,
  formatPercent,
  formatSeconds,
} from "../observe/format.ts";
import { rowWord } from "../observe/row-word.ts";
import { stopOfReport } from "../remedies/waiting.ts";
import type { Run } from "../store/runs/run.ts";
import { isFinished } from "../store/runs/run-status.ts";
import { describeTally } from "./describe-calls.ts";
import { describeAdvice, describeBloat, describeHot } from "./describe-forecast.ts";
import { describePace } from "./describe-pace.ts";
import { describeState } from "./describe-state.ts";

/** All facts of a run, a line each. */
export function describeRun(report: RunReport): string {
  return runFacts(report)
    .map(([name, value]) => `${name.padEnd(11)} ${value}`)
    .join("\n");
}

/** The facts of a run with their names, without those that are not known. */
export function runFacts(report: RunReport): readonly (readonly [name: string, value: string])[] {
  const { forecast } = report;
  const facts: readonly (readonly [string, string | null])[] = [
    ["job", `${report.job}, run ${report.run}${describeKind(report)}`],
    ["state", describeState(report)],
    ...whyOf(report),
    ["message", report.message],
    ["done", `${formatPercent(report.progress)} ${describeExtent(report)}`],
    ["rows", rowsOf(report)],
    ["calls", report.calls === null ? null : describeTally(report.calls)],
    ["speed", report.rowsPerSecond > 0 ? `${formatCount(report.rowsPerSecond)} rows/s` : null],
    [
      "left",
      report.etaInterval === null || isFinished(report.status) ? null : formatInterval(report.etaInterval),
    ],
    ["WAL", walOf(report)],
    ["bloat", forecast === null ? null : `${describeBloat(forecast)}, for the rest`],
    ["HOT", forecast === null || forecast.hot === null ? null : describeHot(forecast.hot)],
    ...(forecast === null ? [] : describeAdvice(forecast)).map((line) => ["cheaper", line] as const),
    ["pace", Object.keys(report.pace).length === 0 ? null : describePace(report.pace)],
    ["workers", workersOf(report)],
    ["watermark", report.watermark === null ? null : report.watermark.join(", ")],
    [
      "checkpoint",
      report.secondsSinceCheckpoint === null || isFinished(report.status)
        ? null
        : `${formatSeconds(report.secondsSinceCheckpoint)} ago`,
    ],
    ["sweeps", report.sweeps === 0 ? null : String(report.sweeps)],
    ["started", report.startedAt],
    ["finished", report.finishedAt],
  ];
  return facts.flatMap(([name, value]) => (value === null ? [] : [[name, value] as const]));
}

/** Why it waits or has stopped, and what to type: what an operator looks for first. */
function whyOf(report: RunReport): readonly (readonly [string, string])[] {
  const { hold, undoneBy } = report;
  if (undoneBy !== null) return [];
  const stop = stopOfReport(report);
  if (hold !== null)
    return [
      [hold.kind, hold.reason],
      ["→", hold.remedy],
    ];
  return stop === null
    ? []
    : [
        ["why", stop.what],
        ["→", stop.remedy],
      ];
}

/** How many workers there are, and which processes to look for on which machine. */
function workersOf({ workers, processes }: RunReport): string {
  if (processes.length === 0) return String(workers);
  const hosts = [...new Set(processes.map(({ host }) => host))].map((host) => {
    const pids = processes.filter((each) => each.host === host).map(({ pid }) => pid);
    return `pid ${pids.join(", ")} on ${host}`;
  });
  return `${workers}: ${hosts.join("; ")}`;
}

/** The WAL of each row, and how much is still to come at that size. */
function walOf({ walBytesPerRow, rows, progress, status, forecast }: RunReport): string | null {
  if (walBytesPerRow === null)
    return forecast === null ? null : `${formatBytesInterval(forecast.walBytes)} to come`;
  const each = `${formatCount(walBytesPerRow)} bytes a row`;
  if (isFinished(status)) return each;
  const left = Math.max(0, 1 - progress) * Math.max(rows.estimated ?? 0, rows.read);
  return `${each}, ~${formatBytes(left * walBytesPerRow)} to come`;
}

/** What a run is besides the work of its job: `, undoing run 3`. */
export function describeKind({ kind, ofRun }: Pick<Run, "kind" | "ofRun"> | RunReport): string {
  if (kind === "undo") return `, undoing run ${ofRun}`;
  if (kind === "verify") return ofRun === null ? ", comparing" : `, comparing run ${ofRun}`;
  return ofRun === null ? "" : `, the rejects of run ${ofRun}`;
}

function rowsOf(report: RunReport): string {
  const { read, written, unchanged, skipped, conflicted, rejected, swallowed } = report.rows;
  return [
    `${formatCount(read)} read`,
    `${formatCount(written)} ${rowWord(report)}`,
    `${formatCount(unchanged)} unchanged`,
    `${formatCount(skipped)} skipped`,
    `${formatCount(conflicted)} conflicted`,
    `${formatCount(rejected)} rejected`,
    ...(swallowed > 0 ? [`${formatCount(swallowed)} swallowed by a trigger`] : []),
  ].join(", ");
}

/** Below this share the rows read so far say little about all of them. */
const tellingShare = 0.05;

/** `of ~1,000,000 rows`: the estimate, unless what was read shows that there are more. */
export function describeExtent({ rows, status, progress }: RunReport): string {
  if (status === "succeeded") return `of ${formatCount(rows.read)} rows`;
  const byShare = progress > tellingShare ? rows.read / progress : rows.read;
  return `of ~${formatCount(Math.max(rows.estimated ?? 0, byShare))} rows`;
}
