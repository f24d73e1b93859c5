import { exitCodeOf, exitCodeOfError, exitCodes } from "../../engine/report/exit-code.ts";
import type { RunReport } from "../../engine/report/run-report.ts";
import { messageOf, RefusedError, type TidefillError } from "../../errors.ts";
import { Windows } from "../../job/pace/windows.ts";

/** What becomes of an item. */
export type Outcome =
  /** it leaves the queue */
  | { readonly kind: "done"; readonly words: string; readonly run: number | null; readonly isGood: boolean }
  /** it is sent again, not before `at`; that is no attempt */
  | { readonly kind: "later"; readonly words: string; readonly at: Date }
  /** this worker cannot take it, and another may; that is no attempt, but it must not last for long */
  | { readonly kind: "refused"; readonly words: string }
  /** an attempt failed: the queue sends it again, with growing pauses */
  | { readonly kind: "failed"; readonly words: string }
  /** it waits for an operator, and its waves stop */
  | { readonly kind: "dead"; readonly words: string; readonly run: number | null; readonly code: number };

/** Turns anything that was thrown into an error for operators, without values of rows. */
export type Explain = (thrown: unknown) => TidefillError;

/** When to look again at a run on which other processes work, in milliseconds. */
const joinAgainMs = 3_000;

/** When to look again whether another process has done the steps of a job, in milliseconds. */
const stepsMs = 3_000;

/** Reasons for which a run ends that an operator has chosen: the queue must not start it again. */
const chosen = ["paused", "cancelled", "canary"];

/** What becomes of an item whose run has ended with this report. `window` is the job's own. */
export function outcomeOfReport(report: RunReport, window: string | undefined): Outcome {
  const { run, status, stopReason } = report;
  const words = wordsOf(report);
  if (stopReason !== null && chosen.includes(stopReason))
    return { kind: "done", words: `${words}; to go on: tidefill resume ${run}`, run, isGood: false };
  // This process has left a run on which other processes go on.
  if (status === "running") return { kind: "later", words, at: new Date(Date.now() + joinAgainMs) };
  const code = exitCodeOf(report);
  if (code === exitCodes.done) return { kind: "done", words, run, isGood: status === "succeeded" };
  if (code !== exitCodes.resumable) return { kind: "dead", words, run, code };
  if (stopReason === "window") return { kind: "later", words, at: nextOpening(report.pace.window ?? window) };
  return stopReason === "signal" ? { kind: "later", words, at: new Date() } : { kind: "failed", words };
}

/** What becomes of an item for which no run could begin or go on. */
export function outcomeOfError(error: TidefillError): Outcome {
  const words = errorWords(error);
  // During a deploy machines with the old files and with the new ones are at work.
  if (error instanceof RefusedError && error.check === "nothing-changed-since")
    return { kind: "refused", words };
  // The process that does the steps of the job is at it.
  if (error instanceof RefusedError && error.check === "steps-are-done-by-one")
    return { kind: "later", words, at: new Date(Date.now() + stepsMs) };
  const code = isClosed(error) ? exitCodes.resumable : exitCodeOfError(error);
  return code === exitCodes.resumable ? { kind: "failed", words } : { kind: "dead", words, run: null, code };
}

/** Whether the database takes no connections for now: `alter database … allow_connections false`. */
function isClosed({ cause }: TidefillError): boolean {
  return (
    cause instanceof Error && "code" in cause && cause.code === "55000" && /connections/.test(cause.message)
  );
}

/** What is wrong with a connection, without its address: items lie in another database. */
const withoutAddress: Readonly<Record<string, string>> = {
  unreachable: "the server of the target does not answer",
  "no-connection-free": "the server of the target has no connection free",
  password: "the password of the target could not be had",
  tls: "the encrypted connection to the target could not be made",
};

function errorWords(error: TidefillError): string {
  const known = withoutAddress[error.code];
  if (known !== undefined) return known;
  const remedy = error.remedy === undefined ? "" : ` → ${error.remedy}`;
  return `${messageOf(error)}${remedy}`;
}

function wordsOf({ run, status, stopReason, message, rows, broken }: RunReport): string {
  const why =
    stopReason === null || stopReason === "finished" || stopReason === status ? "" : ` (${stopReason})`;
  const rejected = rows.rejected > 0 ? `, ${counted(rows.rejected)} rejected` : "";
  const told = [message, ...broken].filter((each) => each !== null).map((each) => `; ${each}`);
  return `run ${run} ${status}${why}, ${counted(rows.written)} ${rows.written === 1 ? "row" : "rows"} written${rejected}${told.join("")}`;
}

function counted(rows: number): string {
  return rows.toLocaleString("en-US");
}

/** A window that never opens again is looked at once a day. */
function nextOpening(window: string | undefined): Date {
  const now = new Date();
  const tomorrow = new Date(now.getTime() + 86_400_000);
  if (window === undefined) return tomorrow;
  const windows = Windows.parse(window);
  return windows.isOpen(now) ? now : (windows.nextChange(now) ?? tomorrow);
}
