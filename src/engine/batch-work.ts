import type { Transaction } from "../postgres/database.ts";
import type { Bounds } from "../postgres/key.ts";
import type { Reject } from "../store/rejects.ts";
import type { PhaseClock } from "./phase-clock.ts";

/** What a batch did to the rows within its bounds. */
export interface BatchOutcome {
  readonly read: number;
  readonly written: number;
  readonly unchanged: number;
  readonly skipped: number;
  readonly rejects: readonly Reject[];
  /** whether most of its time went by waiting for transforms of which several can wait at once */
  readonly isAsync: boolean;
}

/**
 * The work of one batch inside its transaction. Row jobs and SQL jobs, and whatever comes, differ only here: the loop and
 * the transaction around it exist once.
 */
export interface BatchWork {
  /** Works on the rows within `bounds`; `expected` is how many keys were walked to find them. */
  do(tx: Transaction, bounds: Bounds, expected: number, clock: PhaseClock): Promise<BatchOutcome>;
}
