import { type Hold, shownReason } from "./hold.ts";
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

/** Why a run waits or has stopped, and what to type, for a place where its state stands before; null if it does neither. */
export function reasonOf(report: WaitingRun): Stop | null {
  const { hold, message } = report;
  if (hold !== null) return { what: shownReason(hold), remedy: hold.remedy };
  const stop = stopOfReport(report);
  if (stop === null) return null;
  return { ...stop, what: message === null ? stop.what : `${stop.what}. ${message}` };
}

/** The same with its state, for `status`, `list` and `check`. */
export function waitingOf(report: WaitingRun): Stop | null {
  const reason = reasonOf(report);
  if (reason === null || report.hold !== null) return reason;
  return { ...reason, what: `${report.status}: ${reason.what}` };
}
