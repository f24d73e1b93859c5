import { RefusedError, UsageError } from "../../errors.ts";
import type { Job } from "../../job/definition/define-job.ts";
import { readParameters } from "../../job/definition/parameters.ts";
import type { OpenedJob } from "../../plan/open/opened-job.ts";
import { openJob } from "../../plan/open-job.ts";
import type { Run } from "../../store/runs/run.ts";
import { isFinished } from "../../store/runs/run-status.ts";
import { requireSchema } from "../../store/schema/store-schema.ts";
import { type Session, withSession } from "../../store/session.ts";
import { recordResume } from "../control/record-resume.ts";
import { withIntegrity } from "../guards/integrity.ts";
import { connectionsOf } from "../options/pace-of.ts";
import { participation } from "../options/participation.ts";
import type { WorkOptions } from "../options/work-options.ts";
import { executeRun } from "../process/execute-run.ts";
import { restartWhereMoved } from "../process/restart-where-moved.ts";
import type { RunReport } from "../report/run-report.ts";
import { resumeUndo } from "../undo/resume-undo.ts";
import { givenParameters } from "../undo-log/kept-parameters.ts";
import { verifyTables, verifyTask } from "../verify/verify-task.ts";
import { withNotCompared } from "../verify/with-not-compared.ts";
import { acceptOrRefuse } from "./accept-or-refuse.ts";
import { contractAfter, resumeContract } from "./contract-steps.ts";
import { openTask } from "./open-task.ts";
import { rollOut } from "./roll-out.ts";

export interface ResumeOptions extends WorkOptions {
  /** go on even if the job or the table has changed since the run began */
  readonly acceptChanges?: boolean | undefined;
}

/**
 * Goes on with an unfinished run, joins one that other processes work on, or goes on with the contract steps
 * of a successful one. `name` is the run's number or the job's name. An undo needs no job, since its log
 * holds all it needs.
 */
export async function resumeRun(
  job: Job | null,
  name: string,
  options: ResumeOptions = {},
): Promise<RunReport> {
  const part = participation(options, true);
  return withSession(`tidefill ${job?.name ?? name}`, options, connectionsOf(options), async (session) => {
    const { db, store } = session;
    await requireSchema(db, store.schema);
    const found = await store.runs.require(db, name);
    await store.runs.settle(db, found.job);
    const run = await store.runs.get(db, found.id);
    if (job !== null && run.job !== job.name)
      throw new UsageError(`Run ${run.id} is of the job ${run.job}, not of ${job.name}.`);
    if (isFinished(run.status)) {
      const gone = job === null ? null : await resumeContract(session, job, options);
      if (gone?.run === Number(run.id)) return gone;
      throw finishedAlready(run);
    }
    if (run.kind === "undo") return resumeUndo(session, run, options, part);
    if (job === null) throw new UsageError(`Run ${run.id} needs its job ${run.job} to go on.`);
    const opened = await openJob(
      db,
      job,
      await readParameters(job.parameters, await givenParameters(db, run, options)),
    );
    await acceptOrRefuse(session, run, opened, options);
    if (run.kind === "verify") await restartVerify(session, run, opened);
    await recordResume(session, run, options);
    const current = await store.runs.get(db, run.id);
    if (run.kind === "run")
      return contractAfter(
        session,
        job,
        await rollOut({ session, opened, part }, current, await openTask(session, current, opened, options)),
        options,
      );
    const verify = await executeRun(session, current, await verifyTask(session, current, opened), part);
    return withIntegrity(db, job, await withNotCompared(session, opened, current, verify));
  });
}

async function restartVerify(session: Session, run: Run, opened: OpenedJob): Promise<void> {
  const { db, store } = session;
  const of = run.ofRun === null ? null : await store.runs.find(db, run.ofRun);
  await restartWhereMoved(session, run, (tx) => verifyTables(tx, store, opened, of));
}

function finishedAlready(run: Run): RefusedError {
  return new RefusedError(
    "run-is-unfinished",
    `Run ${run.id} of ${run.job} has ended (${run.status}); there is nothing to resume.`,
    `To run the job again: tidefill run ${run.job} --again`,
  );
}
