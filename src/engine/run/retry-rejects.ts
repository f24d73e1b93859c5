import { RefusedError, UsageError } from "../../errors.ts";
import type { Job } from "../../job/definition/define-job.ts";
import { type GivenParameters, readParameters } from "../../job/definition/parameters.ts";
import type { OpenedJob } from "../../plan/open/opened-job.ts";
import { openJob } from "../../plan/open-job.ts";
import { repairOf } from "../../remedies/repair.ts";
import type { Run } from "../../store/runs/run.ts";
import { isFinished } from "../../store/runs/run-status.ts";
import { requireGrants } from "../../store/schema/grants.ts";
import { requireSchema } from "../../store/schema/store-schema.ts";
import { type Session, withSession } from "../../store/session.ts";
import { withIntegrity } from "../guards/integrity.ts";
import { requireBackup } from "../guards/require-backup.ts";
import { connectionsOf } from "../options/pace-of.ts";
import { participation } from "../options/participation.ts";
import type { WorkOptions } from "../options/work-options.ts";
import { executeRun } from "../process/execute-run.ts";
import type { RunReport } from "../report/run-report.ts";
import { chooseAnswers } from "../undo-log/choose-answers.ts";
import { chooseUndoLog } from "../undo-log/choose-undo-log.ts";
import { givenParameters } from "../undo-log/kept-parameters.ts";
import { createJobRun } from "./create-job-run.ts";
import { openTask } from "./open-task.ts";

/**
 * Tries only the rejects of a run again, as a new run with the same parameters. They leave the old run's list
 * of rejects; those that are rejected again are on the new run's list.
 */
export async function retryRejects(job: Job, name: string, options: WorkOptions = {}): Promise<RunReport> {
  const part = participation(options, false);
  return withSession(`tidefill ${job.name}`, options, connectionsOf(options), async (session) => {
    const { db, store } = session;
    await requireSchema(db, store.schema);
    await requireGrants(db, store.schema, job.undoable || job.calls !== null);
    await store.runs.settle(db, job.name);
    const of = await store.runs.require(db, name);
    await requireRetriable(session, job, of);
    const given = await givenParameters(db, of, options);
    const opened = await openJob(db, job, await readParameters(job.parameters, given));
    requireSameRows(opened, of);
    const run = await begin(session, opened, { of, given }, options);
    const report = await executeRun(session, run, await openTask(session, run, opened, options), part);
    return withIntegrity(db, job, report);
  });
}

async function requireRetriable({ db, store }: Session, job: Job, of: Run): Promise<void> {
  if (of.job !== job.name) throw new UsageError(`Run ${of.id} is of the job ${of.job}, not of ${job.name}.`);
  const rejects = await store.rejects.count(db, of.id);
  if (of.kind === "run" && isFinished(of.status) && rejects > 0) return;
  const why =
    of.kind !== "run"
      ? `is the ${of.kind} of ${of.ofRun === null ? job.name : `run ${of.ofRun}`}, whose rows are not done by trying again`
      : rejects === 0
        ? "has no rejects"
        : `is ${of.status}: its rejects can be tried again when it has ended`;
  throw new RefusedError("rejects-can-be-retried", `Run ${of.id} of ${of.job} ${why}.`, insteadOfRetry(of));
}

function insteadOfRetry({ kind, id, job, ofRun, status }: Run): string {
  if (kind === "verify") return repairOf({ job, ofRun, read: 0, differing: 0 });
  if (kind === "undo")
    return `Rows in conflict hold what another session or run wrote later, and stay. Where the undo has left more: tidefill undo ${ofRun}`;
  return isFinished(status)
    ? `tidefill status ${id}`
    : `tidefill resume ${id}   goes on with it, and tries again what a trigger swallowed, or what was slow or locked`;
}

/** Keys of rejects are void if the source has changed: the same place in another file is another record. */
function requireSameRows({ job, keyFingerprint }: OpenedJob, of: Run): void {
  if (keyFingerprint === of.keyFingerprint) return;
  throw new RefusedError(
    "rejects-can-be-retried",
    `The source of ${job.name} has changed since run ${of.id}: it is another file or other rows, or its key is ordered otherwise. Which rows were rejected is no longer known.`,
    `Run the job again over all rows: tidefill run ${job.name} --again`,
  );
}

async function begin(
  session: Session,
  opened: OpenedJob,
  { of, given }: { readonly of: Run; readonly given: GivenParameters },
  options: WorkOptions,
): Promise<Run> {
  const { db, store } = session;
  const undoLog = await chooseUndoLog(db, opened, options);
  const answers = await chooseAnswers(db, opened, options);
  await requireBackup(session, opened, undoLog);
  const rows = await store.rejects.count(db, of.id);
  const listed = { ...opened, estimate: { rows, walk: rows } };
  const retry = { opened: listed, undoLog, answers, ofRun: of.id, parameters: given, rollout: null };
  return createJobRun(session, retry, options, (tx, id) => store.rejects.handOver(tx, of.id, id));
}
