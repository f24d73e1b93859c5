import type { Bounds, KeyText } from "../postgres/catalog/key.ts";
import type { Transaction } from "../postgres/transaction/database.ts";
import type { BatchBounds, Walk } from "./walk.ts";

/** A walk whose rows depend on each other: all of them are one range, so that one worker does them in their order. */
export class OneRange implements Walk {
  readonly #walk: Walk;

  constructor(walk: Walk) {
    this.#walk = walk;
  }

  async boundary(): Promise<KeyText | null> {
    return null;
  }

  async nextBatch(tx: Transaction, bounds: Bounds, rows: number, byteBudget: number): Promise<BatchBounds> {
    return this.#walk.nextBatch(tx, bounds, rows, byteBudget);
  }

  async hasRows(tx: Transaction, bounds: Bounds): Promise<boolean> {
    return this.#walk.hasRows(tx, bounds);
  }
}
