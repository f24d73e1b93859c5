import { type Key, type KeyText, sameTexts } from "../../postgres/catalog/key.ts";
import { raw, type Sql, sql } from "../../postgres/sql/sql.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import type { ListedKeys } from "../../source/listed-keys.ts";
import type { Batch, BatchOutcome, BatchWork } from "../batch/batch-work.ts";

/** The batch of a run that tries rejects once more: those that it has tried leave the list with it. */
export class RetryBatch implements BatchWork {
  readonly #work: BatchWork;
  readonly #walk: ListedKeys;
  readonly #list: Sql;
  readonly #run: bigint;
  readonly #key: Key;

  constructor(work: BatchWork, walk: ListedKeys, list: Sql, run: bigint, key: Key) {
    this.#work = work;
    this.#walk = walk;
    this.#list = list;
    this.#run = run;
    this.#key = key;
  }

  reasonAt(key: KeyText, reason: string): string {
    return this.#work.reasonAt?.(key, reason) ?? reason;
  }

  async do(tx: Transaction, batch: Batch): Promise<BatchOutcome> {
    const outcome = await this.#work.do(tx, batch);
    await tx.query(sql`
      delete from ${this.#list} as tried
      using (
        ${this.#walk.listOf(batch.bounds)}
      ) as ${raw(this.#key.alias)}
      where tried.run_id = ${this.#run}::bigint
        and ${sameTexts(raw("tried.key"), sql`array[${this.#key.asTexts()}]`)}
        and ${this.#key.within(batch.bounds)}`);
    return outcome;
  }
}
