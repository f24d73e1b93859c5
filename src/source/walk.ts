import type { Bounds, KeyText } from "../postgres/catalog/key.ts";
import type { Transaction } from "../postgres/transaction/database.ts";

/** How far a batch goes: fixed by a plain read before any row is locked. */
export interface BatchBounds {
  /** null only where the range itself has an open end */
  readonly through: KeyText | null;
  /** keys that were walked over, those in scope or not */
  readonly walked: number;
  /** whether the range ends here */
  readonly isLast: boolean;
  /** whether there is nothing to do in it */
  readonly isEmpty: boolean;
}

/** What is left of a range, and which lease of it is worked on, where there is one. */
export interface LeasedBounds extends Bounds {
  readonly token?: string;
}

/** The way through a source in the order of its key, without a lock and without its rows. */
export interface Walk {
  /** Where a range of about `rows` rows ends; null when fewer are left. */
  boundary(tx: Transaction, after: KeyText | null, rows: number): Promise<KeyText | null>;
  /** How far the next batch goes within `bounds`: up to `rows` rows of up to `byteBudget` bytes in all. */
  nextBatch(tx: Transaction, bounds: LeasedBounds, rows: number, byteBudget: number): Promise<BatchBounds>;
  /** Whether there is anything to do within the bounds; true where only the work itself can tell. */
  hasRows(tx: Transaction, bounds: Bounds): Promise<boolean>;
  /** Hears how many bytes came of the keys that were walked, so that the next batch need not be measured. */
  saw?(walked: number, bytes: number): void;
}
