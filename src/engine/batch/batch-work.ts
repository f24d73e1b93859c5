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
  /** rows that met another one with the same values of a unique constraint */
  readonly conflicted: number;
  readonly rejects: readonly Reject[];
  /** rows whose write a trigger swallowed and whose keys cannot be told; the others are among the rejects */
  readonly swallowed: number;
  /** earlier rejects that a sweep has done after all; null where it does not try them */
  readonly freed: RejectCounts | null;
  /** rows that an undo or a verify lists, and that are no rejects: conflicts, differences */
  readonly notes: readonly Reject[];
  /** whether most of its time went by waiting for transforms of which several can wait at once */
  readonly isAsync: boolean;
}

/** What a batch is to do, and where its time is noted. */
export interface Batch {
  readonly bounds: Bounds;
  /** how many keys were walked to find them */
  readonly expected: number;
  readonly sweep: number;
  readonly clock: PhaseClock;
}

/**
 * The work of one batch inside its transaction. Row jobs, SQL jobs, undo and verify differ only here: the loop and the
 * transaction around it exist once.
 */
export interface BatchWork {
  /** The key of the row that stands at a place of the walk, where that is not a key itself. */
  keyAt?(tx: Transaction, place: KeyText): Promise<KeyText>;
  /** The reason why the row with this key is passed over, with its place where the key tells nothing to people. */
  reasonAt?(key: KeyText, reason: string): string;
  do(tx: Transaction, batch: Batch): Promise<BatchOutcome>;
}

/** What a batch did that met no row. */
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
