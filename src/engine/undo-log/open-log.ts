import type { Database } from "../../postgres/transaction/database.ts";
import type { UndoLog } from "../../sink/images/images.ts";
import type { Run } from "../../store/runs/run.ts";
import type { Store } from "../../store/store.ts";
import type { WorkOptions } from "../session/with-database.ts";
import { requireOpening, sealOf, undoKeyOf } from "./encryption.ts";

/** The log of a run, with the seal that opens it. @throws RefusedError when the operator's key is not the one it was made with */
export async function openLog(
  db: Database,
  store: Store,
  undone: Run,
  options: WorkOptions,
): Promise<UndoLog> {
  const table = store.undoLogs.table(undone.id);
  if (undone.undoLog !== "encrypted") return { table, seal: null };
  const seal = await sealOf(db, undone.id, undoKeyOf(options));
  await requireOpening(db, { table, seal }, undone);
  return { table, seal };
}
