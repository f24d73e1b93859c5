import type { Bounds, KeyText } from "../../postgres/catalog/key.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import type { Reject, RejectCounts } from "../../store/rejects/rejects.ts";
import type { CallsPause } from "../../store/runs/run.ts";
import type { Events } from "../report/events.ts";
import type { PhaseClock } from "./phase-clock.ts";

/** What a batch did to the rows within its bounds. */
export interface BatchOutcome {
  readonly read: number;
  readonly written: number;
  readonly unchanged: number;
  readonly skipped: number;
  /** rows that met another row with the same values of a unique constraint */
  readonly conflicted: number;
  readonly rejects: readonly Reject[];
  /** swallowed rows whose keys are unknown; those with known keys are among the rejects */
  readonly swallowed: number;
  /** earlier rejects that a sweep has taken off the list; null where it does not try them */
  readonly freed: RejectCounts | null;
  /** rows that an undo or a verify lists without rejecting them: conflicts, differences */
  readonly notes: readonly Reject[];
  /** whether its transforms are async, so that several of them can wait at the same time */
  readonly isAsync: boolean;
}

/** What a batch has to do, and the clock that measures it. */
export interface Batch {
  readonly bounds: Bounds;
  /** how many keys were walked to find the bounds */
  readonly expected: number;
  readonly sweep: number;
  readonly clock: PhaseClock;
  /** what other systems were asked before the transaction; null or absent where the work asks nothing */
  readonly asked?: Asked | null;
}

/** What work that asks other systems obeys and informs while it does. */
export interface AskControl {
  readonly stop: {
    readonly isStopping: boolean;
    readonly signal: AbortSignal;
    /** Waits until the time is over or a stop is requested. */
    pause(milliseconds: number): Promise<void>;
  };
  /** calls under way in this process, and calls a second of all processes; null without a limit */
  readonly calls: { readonly atOnce: number; readonly perSecond: number | null };
  readonly events: Events;
  /** Takes turns for so many calls. Returns in how many milliseconds the first is; the rest follow evenly. */
  takeTurns(calls: number, perSecond: number): Promise<number>;
  /** Notes that calls were made: waiting for another system is not a lack of progress. */
  renew(): void;
  /** Tells all processes of the run that the other system wants no calls for so many milliseconds. */
  pauseCalls(pause: CallsPause): void;
  /** what the processes of the run were told last, in milliseconds from now; 0 where calls may be made */
  readonly pauseMs: number;
}

/** The rows of a batch with the answers of other systems. */
export interface Asked {
  /**
   * Asks about each row that has no answer yet. Holds no connection. Returns false where it was told to stop,
   * or began no more calls since another worker has the range.
   */
  ask(control: AskControl, isLost: () => boolean): Promise<boolean>;
  /**
   * Reads the rows once more, under locks where they are written. Answers how far they are what was asked
   * about: `"whole"`, the key before the first row that is not, or null where that is the first row.
   */
  confirm(tx: Transaction, bounds: Bounds): Promise<"whole" | KeyText | null>;
}

/**
 * The work of one batch inside its transaction. Row jobs, SQL jobs, undo and verify differ only here: the
 * loop and the transaction around it exist once.
 */
export interface BatchWork {
  /** The key of the row at a place of the walk, for a walk whose places are not keys. */
  keyAt?(tx: Transaction, place: KeyText): Promise<KeyText>;
  /** The reason of a reject, with the row's place where its key tells a reader nothing. */
  reasonAt?(key: KeyText, reason: string): string;
  /** Reads the rows of a batch without locks, for work that asks other systems before its transaction. */
  look?(tx: Transaction, bounds: Bounds, expected: number): Promise<Asked>;
  do(tx: Transaction, batch: Batch): Promise<BatchOutcome>;
}

/** The outcome of a batch without rows. */
export const nothingDone: BatchOutcome = {
  read: 0,
  written: 0,
  unchanged: 0,
  skipped: 0,
  conflicted: 0,
  rejects: [],
  swallowed: 0,
  freed: null,
  notes: [],
  isAsync: false,
};
