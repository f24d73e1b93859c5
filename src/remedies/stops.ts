import { Windows } from "../job/pace/windows.ts";
import type { RunKind } from "../store/runs/run.ts";
import type { RunStatus } from "../store/runs/run-status.ts";
import { inMinutes } from "../throttle/amount.ts";

/** The facts about a run that tell why it has stopped. */
export interface StoppedRun {
  readonly run: number | bigint;
  readonly job: string;
  readonly kind: RunKind;
  readonly status: RunStatus;
  readonly stopReason: string | null;
  readonly rejected: number;
  /** its hours; absent where it may always work */
  readonly window?: string | undefined;
  /** whether its stage was judged, and something was found */
  readonly hasProblems?: boolean;
}

/** Why a run stopped, and what to type. */
export interface Stop {
  /** the known reason, in words */
  readonly what: string;
  readonly remedy: string;
}

/** What to type for a run: the job's name, which means its last run; for an undo or a verify its number. */
export function runName({ kind, job, run }: Pick<StoppedRun, "kind" | "job" | "run">): string {
  return kind === "run" ? job : String(run);
}

/** Why a run that has begun is not going on; null while it goes on, or when it has ended for good. */
export function stopOf(stopped: StoppedRun): Stop | null {
  const name = runName(stopped);
  const { status, stopReason, run, rejected } = stopped;
  if (!["paused", "interrupted", "failed"].includes(status)) return null;
  const goOn = `Go on where it stopped: tidefill resume ${name}`;
  switch (stopReason) {
    case "reject-limit":
      return {
        what: "more rows were rejected than its limit allows",
        remedy: `See why: tidefill rejects ${run}   mend that, and try these rows again: tidefill resume ${name} --accept-changes   or leave them out: tidefill resume ${name} --reject-limit ${10 * Math.max(10, rejected)}`,
      };
    case "swallowed":
      return {
        what: "triggers have swallowed writes",
        remedy: `See which rows: tidefill rejects ${run}   fix the trigger, then try them again: tidefill resume ${name}`,
      };
    case "canary":
      return { what: "its first part is done", remedy: afterStage(stopped, name) };
    case "error":
      return {
        what: "an error stopped it",
        remedy: `Fix the cause, then go on: tidefill resume ${name}   (with --accept-changes when you have changed the job)`,
      };
    case "window":
      return { what: "its window is closed", remedy: `Go on ${whenOpen(stopped)}: tidefill resume ${name}` };
    default:
      return { what: reasons[stopReason ?? ""] ?? reasons[status] ?? status, remedy: goOn };
  }
}

const reasons: Readonly<Record<string, string>> = {
  paused: "an operator paused it",
  signal: "its process was told to stop",
  vanished: "its process vanished: it was killed, or its machine or network failed",
  interrupted: "its process vanished: it was killed, or its machine or network failed",
  until: "the time of --until has come",
  "no-progress": "it made no progress for five minutes",
};

function afterStage({ run, hasProblems }: StoppedRun, name: string): string {
  const back = `   or undo it: tidefill cancel ${run} && tidefill undo ${run}`;
  return `${hasProblems === true ? "Look at them first; to go on anyway" : "Go on with the rest"}: tidefill resume ${name}${back}`;
}

/** When the window opens, as far as the run tells. */
function whenOpen({ window }: StoppedRun): string {
  const opens = window === undefined ? null : Windows.parse(window).nextChange(new Date());
  return opens === null ? "when its window opens" : `when its window opens, ${inMinutes(opens)}`;
}
