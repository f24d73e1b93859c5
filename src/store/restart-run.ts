import type { TableIdentity } from "../postgres/catalog/table-identity.ts";
import { sql } from "../postgres/sql/sql.ts";
import type { Transaction } from "../postgres/transaction/database.ts";
import type { Store } from "./store.ts";

/** Makes a run begin again from its first row, on the tables as they are now. */
export async function restartRun(
  tx: Transaction,
  store: Store,
  id: bigint,
  tables: readonly TableIdentity[],
): Promise<void> {
  await store.runs.lock(tx, id);
  for (const table of ["range", "reject"])
    await tx.query(sql`delete from ${store.schema.table(table)} where run_id = ${id}::bigint`);
  await store.runs.set(tx, id, {
    tables: sql`${JSON.stringify(tables)}::jsonb`,
    planned_through: sql`null`,
    is_planned: sql`false`,
    sweep: sql`0`,
  });
}
