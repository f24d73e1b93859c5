import type { Bounds, KeyText } from "../../postgres/catalog/key.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import type { Reject, RejectCounts } from "../../store/rejects/rejects.ts";
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
