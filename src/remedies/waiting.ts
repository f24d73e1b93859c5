import type { Hold } from "./hold.ts";
import { type Stop, type StoppedRun, stopOf } from "./stops.ts";

/** What a report tells of a run that is not going forward. */
export interface WaitingRun extends Omit<StoppedRun, "rejected" | "window" | "hasProblems"> {
  readonly message: string | null;
  readonly rows: { readonly rejected: number };
  readonly pace: { readonly window?: string };
  readonly hold: Hold | null;
  readonly stageProblems: readonly string[];
}

/** Why a run has stopped, and what to type; null of one that goes on, or has ended for good. */
export function stopOfReport({ rows, pace, stageProblems, ...run }: WaitingRun): Stop | null {
  const hasProblems = stageProblems.length > 0;
  return stopOf({ ...run, rejected: rows.rejected, window: pace.window, hasProblems });
}

/** Why a run waits or has stopped, and what to type, as `status`, `list` and `check` say it; null of one that does neither. */
export function waitingOf(report: WaitingRun): Stop | null {
  const { hold, status, message } = report;
  if (hold !== null) return { what: `${hold.kind}: ${hold.reason}`, remedy: hold.remedy };
  const stop = stopOfReport(report);
  if (stop === null) return null;
  return { ...stop, what: `${status}: ${stop.what}${message === null ? "" : `. ${message}`}` };
}
