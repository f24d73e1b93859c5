import { sql } from "../../postgres/sql/sql.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import type { StoreSchema } from "../schema/store-schema.ts";

/** Plans a sweep over the same ranges of keys as the first one. The caller has locked the run's row. */
export async function addSweep(
  tx: Transaction,
  schema: StoreSchema,
  run: bigint,
  sweep: number,
): Promise<void> {
  const range = schema.table("range");
  await tx.query(sql`
    insert into ${range} (run_id, number, sweep, after_key, through_key, checkpoint)
    select run_id, (select max(number) from ${range} where run_id = ${run}::bigint) + row_number() over (order by number),
      ${sweep}::integer, after_key, through_key, after_key
    from ${range}
    where run_id = ${run}::bigint
      and sweep = 0`);
}

/** Notes a sweep that one statement over the whole table has shown to have nothing to do. */
export function addDoneSweep(
  tx: Transaction,
  schema: StoreSchema,
  run: bigint,
  sweep: number,
): Promise<void> {
  return addOneRange(tx, schema, run, { sweep, status: "done", isOfRejects: false });
}

/** Plans a sweep over the list of rejects, as one range. The caller has locked the run's row. */
export function addSweepOfRejects(
  tx: Transaction,
  schema: StoreSchema,
  run: bigint,
  sweep: number,
): Promise<void> {
  return addOneRange(tx, schema, run, { sweep, status: "free", isOfRejects: true });
}

/** Adds a range over all keys. */
async function addOneRange(
  tx: Transaction,
  schema: StoreSchema,
  run: bigint,
  {
    sweep,
    status,
    isOfRejects,
  }: { readonly sweep: number; readonly status: "done" | "free"; readonly isOfRejects: boolean },
): Promise<void> {
  const range = schema.table("range");
  await tx.query(sql`
    insert into ${range} (run_id, number, sweep, status, of_rejects)
    select ${run}::bigint, max(number) + 1, ${sweep}::integer, ${status}, ${isOfRejects}::boolean
    from ${range}
    where run_id = ${run}::bigint`);
}
