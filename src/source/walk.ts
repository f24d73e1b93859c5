import type { Bounds, KeyText } from "../postgres/catalog/key.ts";
import type { Transaction } from "../postgres/transaction/database.ts";

/** How far a batch goes: fixed by a plain read before any row is locked. */
export interface BatchBounds {
  /** null only where the range itself has an open end */
  readonly through: KeyText | null;
  /** keys walked over, in scope or not */
  readonly walked: number;
  /** whether the range ends here */
  readonly isLast: boolean;
  /** whether it has nothing to do */
  readonly isEmpty: boolean;
}

/** The rest of a range, and the lease under which it is worked on, if any. */
export interface LeasedBounds extends Bounds {
  readonly token?: string;
}

/** Walks a source in key order, without locks and without reading rows. */
export interface Walk {
  /** Where a range of about `rows` rows ends; null when fewer are left. */
  boundary(tx: Transaction, after: KeyText | null, rows: number): Promise<KeyText | null>;
  /** How far the next batch goes within `bounds`: up to `rows` rows of up to `byteBudget` bytes together. */
  nextBatch(tx: Transaction, bounds: LeasedBounds, rows: number, byteBudget: number): Promise<BatchBounds>;
  /** Whether there is anything to do within the bounds; true where that is unknown before the work. */
  hasRows(tx: Transaction, bounds: Bounds): Promise<boolean>;
  /** Reports how many bytes the walked keys had, so that the next batch need not be measured. */
  saw?(walked: number, bytes: number): void;
}
