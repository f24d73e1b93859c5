import type { RunReport } from "../engine/report/run-report.ts";
import { waitingOf } from "../remedies/waiting.ts";
import { visible } from "./visible.ts";

/** Why a run waits or has stopped, and what to type: for below the table, since no column is wide enough. */
export function waitingLines(report: RunReport): string[] {
  const waiting = report.undoneBy === null ? waitingOf(report) : null;
  return waiting === null
    ? []
    : [visible(`${report.job}, run ${report.run}, ${waiting.what} → ${waiting.remedy}`)];
}
