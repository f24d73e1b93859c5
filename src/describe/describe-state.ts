import type { RunReport } from "../engine/report/run-report.ts";

/** The state of a run in a few words: `failed (reject-limit)`, `succeeded, undone by run 3`. */
export function describeState(report: RunReport): string {
  if (report.undoneBy !== null) return `${report.status}, undone by run ${report.undoneBy}`;
  if (report.status === "running" && report.wanted !== "running")
    return `running, asked to be ${report.wanted}`;
  const isTelling =
    report.stopReason !== null && report.stopReason !== report.status && report.stopReason !== "finished";
  return isTelling ? `${report.status} (${report.stopReason})` : report.status;
}
