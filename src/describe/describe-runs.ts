import type { RunReport } from "../engine/report/run-report.ts";
import { formatCount, formatPercent, formatSeconds } from "../observe/format.ts";
import { rowWord } from "../observe/row-word.ts";
import { isFinished } from "../store/runs/run-status.ts";
import { alignColumns } from "./align-columns.ts";
import { describeState } from "./describe-state.ts";
import { waitingLines } from "./waiting-lines.ts";

/** What a table of runs says of each, in `runCells`' order. */
export const runHeading = ["JOB", "RUN", "STATE", "DONE", "ROWS", "REJECTED", "ROWS/S", "LEFT"] as const;

/** One run as a row of a table. */
export function runCells(report: RunReport): string[] {
  const { job, run, kind, hasRows, status, progress, rows, rowsPerSecond, etaSeconds } = report;
  return [
    job,
    String(run),
    describeState(report),
    formatPercent(progress),
    kind === "verify" || !hasRows ? "–" : `${formatCount(rows.written)} ${rowWord(report)}`,
    formatCount(rows.rejected),
    formatCount(rowsPerSecond),
    etaSeconds === null || isFinished(status) ? "–" : formatSeconds(etaSeconds),
  ];
}

/** Runs as a table, and below it why some of them wait. */
export function describeRuns(reports: readonly RunReport[]): string {
  return [alignColumns([runHeading, ...reports.map(runCells)]), ...reports.flatMap(waitingLines)].join("\n");
}
