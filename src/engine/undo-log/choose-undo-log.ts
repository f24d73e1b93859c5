import type { OpenedJob } from "../../plan/open/opened-job.ts";
import type { Database } from "../../postgres/transaction/database.ts";
import type { UndoLogKind } from "../../store/runs/run.ts";
import type { UndoKeyOption } from "../options/work-options.ts";
import { requireEncryption, undoKeyOf } from "./encryption.ts";

/** How a run of the job will keep its undo log. @throws RefusedError when it cannot be encrypted */
export async function chooseUndoLog(
  db: Database,
  { job, isPersonal }: OpenedJob,
  options: UndoKeyOption,
): Promise<UndoLogKind> {
  if (!job.undoable) return "none";
  if (!isPersonal) return "plain";
  await requireEncryption(db, undoKeyOf(options));
  return "encrypted";
}
