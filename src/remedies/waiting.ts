import type { Hold } from "./hold.ts";
import { type Stop, type StoppedRun, stopOf } from "./stops.ts";

/** What a report says of a run that makes no progress. */
export interface WaitingRun extends Omit<StoppedRun, "rejected" | "window" | "hasProblems"> {
  readonly message: string | null;
  readonly rows: { readonly rejected: number };
  readonly pace: { readonly window?: string };
  readonly hold: Hold | null;
  readonly stageProblems: readonly string[];
}

/** Why a run has stopped, and what to type; null while it goes on, or when it has ended for good. */
export function stopOfReport({ rows, pace, stageProblems, ...run }: WaitingRun): Stop | null {
  const hasProblems = stageProblems.length > 0;
  return stopOf({ ...run, rejected: rows.rejected, window: pace.window, hasProblems });
}

/**
 * Why a run waits or has stopped, and what to type, for `status`, `list` and `check`; null if it does
 * neither.
 */
export function waitingOf(report: WaitingRun): Stop | null {
  const { hold, status, message } = report;
  if (hold !== null) return { what: `${hold.kind}: ${hold.reason}`, remedy: hold.remedy };
  const stop = stopOfReport(report);
  if (stop === null) return null;
  return { ...stop, what: `${status}: ${stop.what}${message === null ? "" : `. ${message}`}` };
}
