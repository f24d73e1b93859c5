import { UsageError } from "../../errors.ts";
import type { Job } from "../../job/definition/define-job.ts";
import { readParameters } from "../../job/definition/parameters.ts";
import { openJob } from "../../plan/open-job.ts";
import type { Run } from "../../store/runs/run.ts";
import { type Session, withSession } from "../../store/session.ts";
import type { RunTask } from "../batch/run-task.ts";
import { connectionsOf } from "../options/pace-of.ts";
import { participation } from "../options/participation.ts";
import type { WorkOptions } from "../options/work-options.ts";
import { executeRun } from "../process/execute-run.ts";
import { type RunReport, readReport } from "../report/run-report.ts";
import { undoTask } from "../undo/undo-task.ts";
import { givenParameters } from "../undo-log/kept-parameters.ts";
import { verifyTask } from "../verify/verify-task.ts";
import { acceptOrRefuse } from "./accept-or-refuse.ts";
import { openTask } from "./open-task.ts";

/**
 * Works on the rows of a run that another process has begun and is still working on; leaves its stages, its
 * steps and its status to that process. Does nothing once the run is no longer worked on. `job` may be null
 * for an undo.
 * @throws RefusedError when the job or its table is not what it was when the run began
 */
export async function joinRun(job: Job | null, id: bigint, options: WorkOptions): Promise<RunReport> {
  const part = { ...participation(options, false), onlyJoins: true };
  return withSession(`tidefill ${job?.name ?? id}`, options, connectionsOf(options), async (session) => {
    const { db, store } = session;
    const run = await store.runs.get(db, id);
    if (run.status !== "running") return readReport(session, run);
    return executeRun(session, run, await taskOf(session, run, job, options), part);
  });
}

async function taskOf(session: Session, run: Run, job: Job | null, options: WorkOptions): Promise<RunTask> {
  if (run.kind === "undo") return undoTask(session, run, options);
  if (job === null) throw new UsageError(`Run ${run.id} needs its job ${run.job} to go on.`);
  const { db } = session;
  const given = await givenParameters(db, run, options);
  const opened = await openJob(db, job, await readParameters(job.parameters, given));
  await acceptOrRefuse(session, run, opened, options);
  return run.kind === "verify" ? verifyTask(session, run, opened) : openTask(session, run, opened, options);
}
