import type { Transaction } from "../postgres/database.ts";
import type { Key, KeyText } from "../postgres/key.ts";
import { raw, type Sql, sql } from "../postgres/sql.ts";
import { listedKeys } from "../source/listed-keys.ts";
import { countRejects } from "../store/rejects.ts";
import { toTextArray } from "../store/text-array.ts";
import type { Batch, BatchOutcome, BatchWork } from "./batch-work.ts";
import type { KnownRejects } from "./differences.ts";

/** The batch of a run whose sweeps meet its rejects again: those that are not rejected again leave the list with it. */
export class RejectSweep implements BatchWork {
  readonly #work: BatchWork;
  readonly #rejects: KnownRejects;
  readonly #key: Key;
  readonly #met: Sql;

  /** `met` is the condition of the rejects that a sweep meets, which it calls `listed`. */
  constructor(work: BatchWork, rejects: KnownRejects, key: Key, met: Sql) {
    this.#met = met;
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
    const still = outcome.rejects.map(({ key }) => toTextArray(key));
    const mine = sql`listed.run_id = ${run}::bigint and ${this.#met}`;
    const freed = await countRejects(
      tx,
      sql`delete from ${table} as done
      using (
        ${listedKeys(this.#key, table, mine)}
      ) as ${raw(this.#key.alias)}
      where done.run_id = ${run}::bigint
        and done.key = array[${this.#key.asTexts()}]
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
