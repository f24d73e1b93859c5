import type { RejectLimit } from "../../job/definition/reject-limit.ts";
import type { Duration } from "../../job/pace/duration.ts";
import type { StepListener } from "../../steps/step-events.ts";
import type { SessionOptions } from "../../store/session.ts";
import type { EventListener } from "../report/events.ts";
import type { InTest } from "./in-test.ts";

/** How fast a run may go, and when; it belongs to the run from then on. */
export interface PaceOptions {
  /** ranges that each process works on at a time, each on a connection of its own; as the run has it, or 4, when absent */
  readonly workers?: number | undefined;
  /** when the run may work, as `"22:00-06:00 Europe/Berlin"`; as the run or the job has it when absent */
  readonly window?: string | undefined;
  /** standbys that must keep up: by `application_name`, or as `postgres://…`; those that stream from here when absent */
  readonly replicas?: readonly string[] | undefined;
}

/** When this process leaves, whatever is left to do. */
export interface LeaveOptions {
  /** leave instead of waiting where the window is closed */
  readonly exitWhenClosed?: boolean | undefined;
  /** leave at this moment */
  readonly until?: Date | undefined;
  /** ends the current batches and gives the leases back */
  readonly signal?: AbortSignal | undefined;
}

/** The operator's key for undo logs. */
export interface UndoKeyOption {
  /** encrypts and decrypts the undo logs of jobs about persons; `TIDEFILL_UNDO_KEY` of the environment when absent */
  readonly undoKey?: string | undefined;
}

/** How steps are done. */
export interface StepWorkOptions extends LeaveOptions, Pick<PaceOptions, "window"> {
  /** hears of the expand and contract steps */
  readonly onStep?: StepListener | undefined;
  /** for tests of a job: a few rows make several batches, and nothing holds the run back */
  readonly inTest?: InTest | undefined;
}

/** What a job was made of. */
export interface CodeOptions {
  /** hashes of the files that the job was made of, by name; the command line gives them */
  readonly files?: Readonly<Record<string, string>> | undefined;
}

/** How to reach the database, and how this process works. */
export interface WorkOptions
  extends SessionOptions,
    PaceOptions,
    StepWorkOptions,
    CodeOptions,
    UndoKeyOption {
  /** how long a worker that vanished keeps its range; 10 seconds when absent */
  readonly lease?: Duration | undefined;
  readonly onEvent?: EventListener | readonly EventListener[] | undefined;
  /** rejects after which the run stops; the job's own limit when absent */
  readonly rejectLimit?: RejectLimit | undefined;
}
