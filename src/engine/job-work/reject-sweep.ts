import { type Bounds, type Key, sameTexts } from "../../postgres/catalog/key.ts";
import { raw, type Sql, sql } from "../../postgres/sql/sql.ts";
import { toArrayText } from "../../postgres/sql/text-array.ts";
import { countRejects } from "../../store/rejects/rejects.ts";
import type { BatchWork } from "../batch/batch-work.ts";
import type { KnownRejects } from "../batch/known-rejects.ts";

/**
 * The batch of a run whose sweeps meet its rejects again. Its transaction deletes the rejects that are not
 * rejected again. `listOf` is a query for the keys of the rejects that a batch could meet.
 */
export function rejectSweep(
  work: BatchWork,
  { table, run }: KnownRejects,
  key: Key,
  listOf: (bounds: Bounds) => Sql,
): BatchWork {
  return {
    reasonAt: (at, reason) => work.reasonAt?.(at, reason) ?? reason,
    ...(work.look === undefined ? {} : { look: work.look.bind(work) }),
    do: async (tx, batch) => {
      const outcome = await work.do(tx, batch);
      if (batch.sweep === 0) return outcome;
      const still = outcome.rejects.map((reject) => toArrayText(reject.key));
      const freed = await countRejects(
        tx,
        sql`delete from ${table} as done
      using (
        ${listOf(batch.bounds)}
      ) as ${raw(key.alias)}
      where done.run_id = ${run}::bigint
        and ${sameTexts(raw("done.key"), sql`array[${key.asTexts()}]`)}
        and ${key.within(batch.bounds)}
        and not exists (
          select from pg_catalog.unnest(${still}::text[]) as again(key)
          where again.key::text[] = done.key)
      returning done.sqlstate`,
      );
      // The first pass has already counted the rows that a sweep meets again, except for the earlier rejects.
      return { ...outcome, unchanged: 0, skipped: 0, conflicted: 0, freed };
    },
  };
}
