import type { RejectLimit } from "../../job/definition/reject-limit.ts";
import type { Duration } from "../../job/pace/duration.ts";
import type { StepListener } from "../../steps/step-events.ts";
import type { SessionOptions } from "../../store/session.ts";
import type { EventListener } from "../report/events.ts";
import type { InTest } from "./in-test.ts";

/** How fast and when a run may go. The run keeps these options. */
export interface PaceOptions {
  /** workers of each process, each with its own connection and range; when absent as the run has it, or 4 */
  readonly workers?: number | undefined;
  /** when the run may work, as `"22:00-06:00 Europe/Berlin"`; when absent as the run or the job has it */
  readonly window?: string | undefined;
  /**
   * standbys that must keep up, by `application_name` or as `postgres://…`; all streaming ones when absent
   */
  readonly replicas?: readonly string[] | undefined;
}

/** When this process leaves, even if work is left. */
export interface LeaveOptions {
  /** leave instead of waiting while the window is closed */
  readonly exitWhenClosed?: boolean | undefined;
  /** leave at this moment */
  readonly until?: Date | undefined;
  /** when aborted, the process ends its current batches and releases its leases */
  readonly signal?: AbortSignal | undefined;
}

/** The operator's key for undo logs. */
export interface UndoKeyOption {
  /** encrypts the undo logs of jobs about persons; the environment's `TIDEFILL_UNDO_KEY` when absent */
  readonly undoKey?: string | undefined;
}

/** How steps are run. */
export interface StepWorkOptions extends LeaveOptions, Pick<PaceOptions, "window"> {
  /** is called for each event of the expand and contract steps */
  readonly onStep?: StepListener | undefined;
  /** for tests of a job: a few rows make several batches, and nothing holds the run back */
  readonly inTest?: InTest | undefined;
}

/** The files that a job was made of. */
export interface CodeOptions {
  /** their hashes by file name; set by the command line */
  readonly files?: Readonly<Record<string, string>> | undefined;
}

/** Several processes of one command. */
export interface ProcessOptions {
  /** is awaited before this process leaves an unfinished run; the command line ends its further processes there */
  readonly beforeLeaving?: (() => Promise<void>) | undefined;
}

/** How to reach the database, and how this process works. */
export interface WorkOptions
  extends SessionOptions,
    PaceOptions,
    StepWorkOptions,
    CodeOptions,
    ProcessOptions,
    UndoKeyOption {
  /** how long a worker that vanished keeps its range; 10 seconds when absent */
  readonly lease?: Duration | undefined;
  readonly onEvent?: EventListener | readonly EventListener[] | undefined;
  /** what asked for a new run, as a UUID: no second run of the job is created for it */
  readonly request?: string | undefined;
  /** rejects after which the run stops; the job's own limit when absent */
  readonly rejectLimit?: RejectLimit | undefined;
}
