import type { Database } from "../postgres/database.ts";
import type { Run } from "../store/run.ts";
import type { Store } from "../store/store.ts";
import { executeRun } from "./execute-run.ts";
import { undoTables } from "./log-layout.ts";
import type { Participation } from "./participation.ts";
import { recordResume } from "./record-resume.ts";
import { restartWhereMoved } from "./restart-where-moved.ts";
import type { RunReport } from "./run-report.ts";
import type { WorkOptions } from "./session.ts";
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
