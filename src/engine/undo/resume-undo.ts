import type { Database } from "../../postgres/transaction/database.ts";
import type { Run } from "../../store/runs/run.ts";
import type { Store } from "../../store/store.ts";
import { recordResume } from "../control/record-resume.ts";
import { executeRun } from "../process/execute-run.ts";
import { restartWhereMoved } from "../process/restart-where-moved.ts";
import type { RunReport } from "../report/run-report.ts";
import type { Participation } from "../session/participation.ts";
import type { WorkOptions } from "../session/with-database.ts";
import { undoTables } from "../undo-log/part-layout.ts";
import { undoTask } from "./undo-task.ts";

/** Goes on with an undo that was interrupted; it needs no job, since the log holds all that it needs. */
export async function resumeUndo(
  db: Database,
  store: Store,
  run: Run,
  options: WorkOptions,
  part: Participation,
): Promise<RunReport> {
  const undone = await store.runs.require(db, String(run.ofRun));
  await restartWhereMoved(db, store, run, (tx) => undoTables(tx, store, undone));
  const task = await undoTask(db, store, run, options);
  await recordResume(db, store, run, options);
  return executeRun(db, store, await store.runs.require(db, String(run.id)), task, part);
}
