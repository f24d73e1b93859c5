import type { TableIdentity } from "../../postgres/catalog/table-identity.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import { restartRun } from "../../store/restart-run.ts";
import type { Run } from "../../store/runs/run.ts";
import type { Session } from "../../store/session.ts";
import { RunTables } from "../batch/run-tables.ts";

/**
 * Lets a run that goes by row addresses begin again when rows have moved: an undo or a verify that was
 * interrupted before a `vacuum full`, or before its table got other partitions. Both may visit rows again.
 */
export async function restartWhereMoved(
  { db, store }: Session,
  run: Run,
  tablesNow: (tx: Transaction) => Promise<readonly TableIdentity[]>,
): Promise<void> {
  if (run.status === "running" || (await new RunTables(run, false).change(db)) === null) return;
  await db.transaction(async (tx) => {
    await restartRun(tx, store, run.id, await tablesNow(tx));
    await store.audit.record(tx, {
      action: "restart",
      job: run.job,
      run: run.id,
      details: { because: "rows lie elsewhere now" },
    });
  });
}
