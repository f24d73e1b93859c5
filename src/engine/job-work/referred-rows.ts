import { notReferred } from "../../plan/warnings/rows-referred-to.ts";
import type { KeyText } from "../../postgres/catalog/key.ts";
import type { Reference } from "../../postgres/catalog/references.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import type { Batch, BatchOutcome, BatchWork } from "../batch/batch-work.ts";

/** The batch of a job that deletes: a row that a foreign key keeps is rejected with what to do about those that refer to it. */
export class ReferredRows implements BatchWork {
  readonly #work: BatchWork;
  readonly #references: readonly Reference[];

  constructor(work: BatchWork, references: readonly Reference[]) {
    this.#work = work;
    // Rows of one table that refer to each other are tried again by a sweep.
    this.#references = references.filter(({ isOfItself }) => !isOfItself);
  }

  reasonAt(key: KeyText, reason: string): string {
    const given = this.#work.reasonAt?.(key, reason) ?? reason;
    const reference = this.#references.find(({ constraint }) =>
      reason.startsWith(`foreign key violation, constraint ${constraint},`),
    );
    if (reference === undefined) return given;
    return `${given}: ${reference.table} refers to this row; delete those first, or leave them out by: ${notReferred(reference)}`;
  }

  async do(tx: Transaction, batch: Batch): Promise<BatchOutcome> {
    return this.#work.do(tx, batch);
  }
}
