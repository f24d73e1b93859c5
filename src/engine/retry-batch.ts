import type { Transaction } from "../postgres/database.ts";
import type { Key, KeyText } from "../postgres/key.ts";
import { raw, type Sql, sql } from "../postgres/sql.ts";
import { listedKeys } from "../source/listed-keys.ts";
import type { Batch, BatchOutcome, BatchWork } from "./batch-work.ts";

/** The batch of a run that tries rejects once more: those that it has tried leave the list with it. */
export class RetryBatch implements BatchWork {
  readonly #work: BatchWork;
  readonly #list: Sql;
  readonly #run: bigint;
  readonly #key: Key;

  constructor(work: BatchWork, list: Sql, run: bigint, key: Key) {
    this.#work = work;
    this.#list = list;
    this.#run = run;
    this.#key = key;
  }

  reasonAt(key: KeyText, reason: string): string {
    return this.#work.reasonAt?.(key, reason) ?? reason;
  }

  async do(tx: Transaction, batch: Batch): Promise<BatchOutcome> {
    const outcome = await this.#work.do(tx, batch);
    const mine = sql`listed.run_id = ${this.#run}::bigint`;
    await tx.query(sql`
      delete from ${this.#list} as tried
      using (
        ${listedKeys(this.#key, this.#list, mine)}
      ) as ${raw(this.#key.alias)}
      where tried.run_id = ${this.#run}::bigint
        and tried.key = array[${this.#key.asTexts()}]
        and ${this.#key.within(batch.bounds)}`);
    return outcome;
  }
}
