import type { Run } from "../../store/runs/run.ts";
import type { Session } from "../../store/session.ts";
import { recordResume } from "../control/record-resume.ts";
import type { Participation } from "../options/participation.ts";
import type { PaceOptions, UndoKeyOption } from "../options/work-options.ts";
import { executeRun } from "../process/execute-run.ts";
import { restartWhereMoved } from "../process/restart-where-moved.ts";
import type { RunReport } from "../report/run-report.ts";
import { undoTables } from "../undo-log/part-layout.ts";
import { undoTask } from "./undo-task.ts";

/** Goes on with an interrupted undo. It needs no job, since the log holds all that it needs. */
export async function resumeUndo(
  session: Session,
  run: Run,
  options: PaceOptions & UndoKeyOption,
  part: Participation,
): Promise<RunReport> {
  const { db, store } = session;
  const undone = await store.runs.before(db, run);
  await restartWhereMoved(session, run, (tx) => undoTables(tx, store, undone));
  const task = await undoTask(session, run, options);
  await recordResume(session, run, options);
  return executeRun(session, await store.runs.get(db, run.id), task, part);
}
