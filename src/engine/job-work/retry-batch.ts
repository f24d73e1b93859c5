import { type Key, sameTexts } from "../../postgres/catalog/key.ts";
import { raw, sql } from "../../postgres/sql/sql.ts";
import type { ListedKeys } from "../../source/listed-keys.ts";
import type { BatchWork } from "../batch/batch-work.ts";
import type { KnownRejects } from "../batch/known-rejects.ts";

/**
 * The batch of a run that tries another run's rejects again. Deletes the tried rejects in its transaction.
 */
export function retryBatch(
  work: BatchWork,
  { table, run }: KnownRejects,
  key: Key,
  walk: ListedKeys,
): BatchWork {
  return {
    reasonAt: (at, reason) => work.reasonAt?.(at, reason) ?? reason,
    ...(work.look === undefined ? {} : { look: work.look.bind(work) }),
    do: async (tx, batch) => {
      const outcome = await work.do(tx, batch);
      await tx.query(sql`
      delete from ${table} as tried
      using (
        ${walk.listOf(batch.bounds)}
      ) as ${raw(key.alias)}
      where tried.run_id = ${run}::bigint
        and ${sameTexts(raw("tried.key"), sql`array[${key.asTexts()}]`)}
        and ${key.within(batch.bounds)}`);
      return outcome;
    },
  };
}
