import { createHash } from "node:crypto";
import { describeState } from "../describe/describe-state.ts";
import { listedRows } from "../describe/listed-rows.ts";
import type { RunReport } from "../engine/report/run-report.ts";
import { formatCount } from "../observe/format.ts";
import { rowWord } from "../observe/row-word.ts";
import { waitingOf } from "../remedies/waiting.ts";

/** What another system is told. It never holds a value or a key of a row. */
export interface Notice {
  /** the same each time that it is told, so that a receiver can drop the second one */
  readonly id: string;
  readonly event: RunEvent | "dead-letter" | "waves-stopped";
  /** ISO 8601 in UTC: when it was made */
  readonly at: string;
  /** a name of `tidefill.targets.ts`; null where there is no list */
  readonly target: string | null;
  /** the name of the database; null for what happens to the fleet */
  readonly database: string | null;
  readonly job: string | null;
  readonly run: number | null;
  /** what happened, as one sentence without its full stop */
  readonly text: string;
  /** what to type, or null */
  readonly remedy: string | null;
  readonly report: NoticeReport | null;
}

/** The figures of a run that a receiver may want. */
export interface NoticeReport {
  readonly kind: string;
  readonly status: string;
  readonly stopReason: string | null;
  readonly progress: number;
  readonly rows: { readonly read: number; readonly written: number; readonly rejected: number };
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
}

export const runEvents = ["succeeded", "failed", "stalled", "stage-done", "rejects", "interrupted"] as const;
export type RunEvent = (typeof runEvents)[number];

/** A run without a commit for so long stalls, unless its hours are over. */
const stallSeconds = 300;

/** What is to be told of a run as it is now. */
export function eventsOf(report: RunReport): readonly RunEvent[] {
  const { status, stopReason } = report;
  const rejects = listedRows(report) > 0 ? (["rejects"] as const) : [];
  if (status === "succeeded") return ["succeeded", ...rejects];
  if (status === "failed") return ["failed", ...rejects];
  if (status === "paused" && stopReason === "canary") return ["stage-done", ...rejects];
  // A signal, or the end of its hours, was an operator's decision.
  if (status === "interrupted" && ["vanished", "no-progress"].includes(stopReason ?? ""))
    return ["interrupted"];
  return status === "running" && isStalled(report) ? ["stalled"] : [];
}

function isStalled({ secondsSinceCheckpoint, startedAt, hold }: RunReport): boolean {
  const sinceStart = (Date.now() - Date.parse(startedAt ?? "")) / 1_000;
  const seconds = secondsSinceCheckpoint ?? sinceStart;
  return seconds > stallSeconds && hold?.cause !== "off duty";
}

/** What a notice says besides its run. */
interface NoticeFrame extends Pick<Notice, "target" | "database"> {
  /** the commands in a text with the options that they need */
  readonly typed: (text: string) => string;
  /** how often the event has happened to the run, with this time */
  readonly occurrence: number;
}

/** The notice of an event of a run. */
export function noticeOf(
  report: RunReport,
  event: RunEvent,
  { target, database, typed, occurrence }: NoticeFrame,
): Notice {
  const { run, job, kind, status, stopReason, progress, rows, startedAt, finishedAt } = report;
  const waiting = waitingOf(report);
  return {
    id: idOf([target ?? "", String(run), event, startedAt ?? "", String(occurrence)]),
    event,
    at: new Date().toISOString(),
    target,
    database,
    job,
    run,
    text: `${job}, run ${run}${kind === "run" ? "" : ` (${kind})`}: ${textOf(report, event, waiting?.what ?? null)}`,
    remedy: remedyOf(report, event, waiting?.remedy ?? null, typed),
    report: {
      ...{ kind, status, stopReason, progress, startedAt, finishedAt },
      rows: { read: rows.read, written: rows.written, rejected: rows.rejected + rows.swallowed },
    },
  };
}

function textOf(report: RunReport, event: RunEvent, waiting: string | null): string {
  switch (event) {
    case "succeeded":
      return `succeeded, ${doneBy(report)}`;
    case "rejects":
      return `${formatCount(listedRows(report))} rows ${whyListed[report.kind]}`;
    case "stalled":
      return `no commit for ${Math.floor(stallSeconds / 60)} minutes or longer${waiting === null ? "" : `, ${waiting}`}`;
    default:
      return waiting ?? describeState(report);
  }
}

const whyListed: Readonly<Record<RunReport["kind"], string>> = {
  run: "are on its list of rejects",
  undo: "were changed since, or could not be undone",
  verify: "differ from what the job makes of them",
};

function doneBy(report: RunReport): string {
  const { kind, rows, hasRows } = report;
  if (!hasRows) return "its steps are done";
  return kind === "verify"
    ? `${formatCount(rows.read)} rows compared`
    : `${formatCount(rows.written)} rows ${rowWord(report)}`;
}

function remedyOf(
  report: RunReport,
  event: RunEvent,
  waiting: string | null,
  typed: (text: string) => string,
): string | null {
  if (event === "succeeded") return null;
  if (event === "rejects") return typed(`See which: tidefill rejects ${report.run}`);
  return typed(waiting ?? `tidefill status ${report.run}`);
}

/** The same parts give the same id. */
export function idOf(parts: readonly string[]): string {
  return `msg_${createHash("sha256").update(parts.join("\n")).digest("hex").slice(0, 32)}`;
}
