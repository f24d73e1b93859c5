import { Windows } from "../job/pace/windows.ts";
import type { RunKind } from "../store/runs/run.ts";
import type { RunStatus } from "../store/runs/run-status.ts";
import { inMinutes } from "../throttle/amount.ts";

/** What of a run tells why it is not going on. */
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

/** What to type for a run: the job's name means its own last run; an undo and a verify are told by their number. */
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
        what: "more rows were rejected than it may have",
        remedy: `See why: tidefill rejects ${run}   go on with a higher limit: tidefill resume ${name} --reject-limit ${10 * Math.max(10, rejected)}`,
      };
    case "swallowed":
      return {
        what: "triggers have swallowed writes",
        remedy: `See which rows: tidefill rejects ${run}   mend the trigger, then try them again: tidefill resume ${name}`,
      };
    case "canary":
      return { what: "its first part is done", remedy: afterStage(stopped, name) };
    case "error":
      return {
        what: "an error stopped it",
        remedy: `Mend the cause, then go on: tidefill resume ${name}   (with --accept-changes when you have changed the job)`,
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
  vanished: "its process is gone without a word: it was killed, or its machine or network is away",
  interrupted: "its process is gone without a word: it was killed, or its machine or network is away",
  until: "the time given by --until was over",
  "no-progress": "nothing went forward for five minutes",
};

function afterStage({ run, hasProblems }: StoppedRun, name: string): string {
  const back = `   or undo it: tidefill cancel ${run} && tidefill undo ${run}`;
  return `${hasProblems === true ? "Look at them first; go on all the same" : "Go on with the rest"}: tidefill resume ${name}${back}`;
}

/** When the window opens, as far as the run tells. */
function whenOpen({ window }: StoppedRun): string {
  const opens = window === undefined ? null : Windows.parse(window).nextChange(new Date());
  return opens === null ? "when its window opens" : `when its window opens, ${inMinutes(opens)}`;
}
