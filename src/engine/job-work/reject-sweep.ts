import { type Bounds, type Key, type KeyText, sameTexts } from "../../postgres/catalog/key.ts";
import { raw, type Sql, sql } from "../../postgres/sql/sql.ts";
import { toArrayText } from "../../postgres/sql/text-array.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import { countRejects } from "../../store/rejects/rejects.ts";
import type { Batch, BatchOutcome, BatchWork } from "../batch/batch-work.ts";
import type { KnownRejects } from "../batch/known-rejects.ts";

/** The batch of a run whose sweeps meet its rejects again: those that are not rejected again leave the list with it. */
export class RejectSweep implements BatchWork {
  readonly #work: BatchWork;
  readonly #rejects: KnownRejects;
  readonly #key: Key;
  readonly #listOf: (bounds: Bounds) => Sql;

  /** `listOf` is a query for the keys of the rejects that a batch could meet. */
  constructor(work: BatchWork, rejects: KnownRejects, key: Key, listOf: (bounds: Bounds) => Sql) {
    this.#listOf = listOf;
    this.#work = work;
    this.#rejects = rejects;
    this.#key = key;
  }

  reasonAt(key: KeyText, reason: string): string {
    return this.#work.reasonAt?.(key, reason) ?? reason;
  }

  async do(tx: Transaction, batch: Batch): Promise<BatchOutcome> {
    const outcome = await this.#work.do(tx, batch);
    if (batch.sweep === 0) return outcome;
    const { table, run } = this.#rejects;
    const still = outcome.rejects.map(({ key }) => toArrayText(key));
    const freed = await countRejects(
      tx,
      sql`delete from ${table} as done
      using (
        ${this.#listOf(batch.bounds)}
      ) as ${raw(this.#key.alias)}
      where done.run_id = ${run}::bigint
        and ${sameTexts(raw("done.key"), sql`array[${this.#key.asTexts()}]`)}
        and ${this.#key.within(batch.bounds)}
        and not exists (
          select from pg_catalog.unnest(${still}::text[]) as again(key)
          where again.key::text[] = done.key)
      returning done.sqlstate`,
    );
    // Of what a sweep meets again, only what was rejected before is new.
    return { ...outcome, unchanged: 0, skipped: 0, conflicted: 0, freed };
  }
}
