import type { UndoLog } from "../../sink/images/images.ts";
import type { Run } from "../../store/runs/run.ts";
import type { Session } from "../../store/session.ts";
import type { WorkOptions } from "../options/work-options.ts";
import { requireOpening, sealOf, undoKeyOf } from "./encryption.ts";

/** The log of a run, with the seal that opens it. @throws RefusedError when the operator's key is not the one it was made with */
export async function openLog({ db, store }: Session, undone: Run, options: WorkOptions): Promise<UndoLog> {
  const table = store.undoLogs.table(undone.id);
  if (undone.undoLog !== "encrypted") return { table, seal: null };
  const seal = await sealOf(db, undone.id, undoKeyOf(options));
  await requireOpening(db, { table, seal }, undone);
  return { table, seal };
}
