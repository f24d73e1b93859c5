import type { UndoLog } from "../../sink/images/images.ts";
import type { Run } from "../../store/runs/run.ts";
import type { Session } from "../../store/session.ts";
import type { UndoKeyOption } from "../options/work-options.ts";
import { encryptionOf, requireDecryption, undoKeyOf } from "./encryption.ts";

/** The undo log of a run, and how to decrypt it. @throws RefusedError when the operator's key is wrong */
export async function openLog({ db, store }: Session, undone: Run, options: UndoKeyOption): Promise<UndoLog> {
  const table = store.undoLogs.table(undone.id);
  if (undone.undoLog !== "encrypted") return { table, encryption: null };
  const encryption = await encryptionOf(db, undone.id, undoKeyOf(options));
  await requireDecryption(db, { table, encryption }, undone);
  return { table, encryption };
}
