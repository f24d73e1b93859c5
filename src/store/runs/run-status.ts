export const runStatuses = [
  "pending",
  "running",
  "succeeded",
  "paused",
  "interrupted",
  "failed",
  "cancelled",
] as const;

export type RunStatus = (typeof runStatuses)[number];

/** Why a run is not running; a fixed list that code can branch on. */
export type StopReason =
  | "finished"
  /** an operator typed `pause` */
  | "paused"
  /** an operator typed `cancel` */
  | "cancelled"
  /** SIGINT, SIGTERM, or the caller's AbortSignal */
  | "signal"
  /** every process at work on it vanished */
  | "vanished"
  /** outside the window, and told not to wait */
  | "window"
  /** the moment until which it was to work has come */
  | "until"
  /** the canary is done, and an operator is to look at it before the rest */
  | "canary"
  /** more rejects than the run allows */
  | "reject-limit"
  /** triggers have swallowed writes: the rows are on the list of rejects, and `resume` tries them again */
  | "swallowed"
  /** the database could not be reached, or nothing went forward, for too long */
  | "no-progress"
  /** an error that a retry cannot help */
  | "error";

/** Which status may follow which. */
export const transitions: Readonly<Record<RunStatus, readonly RunStatus[]>> = {
  // a worker started it
  pending: ["running", "cancelled", "interrupted"],
  running: [
    // the done ranges cover the key space
    "succeeded",
    // asked for by an operator; each process leaves after its batch
    "paused",
    "cancelled",
    // the last process left on a signal, or vanished
    "interrupted",
    // an error, or too many rejects
    "failed",
  ],
  paused: ["running", "cancelled"],
  interrupted: ["running", "cancelled"],
  // `resume` continues after the cause was fixed
  failed: ["running", "cancelled"],
  succeeded: [],
  cancelled: [],
};

/** Statuses from which a run can go on; a job has at most one such run. */
export const unfinished = runStatuses.filter((status) => transitions[status].length > 0);

export function isFinished(status: RunStatus): boolean {
  return transitions[status].length === 0;
}

/** Whether a run has ended because of its rejects: to resume it tries them again. */
export function hadTooManyRejects({
  status,
  stopReason,
}: {
  readonly status: string;
  readonly stopReason: string | null;
}): boolean {
  return status === "failed" && stopReason === "reject-limit";
}
