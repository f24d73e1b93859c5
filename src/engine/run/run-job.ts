import { RefusedError, UsageError } from "../../errors.ts";
import type { Job } from "../../job/definition/define-job.ts";
import { type GivenParameters, readParameters, requireKept } from "../../job/definition/parameters.ts";
import { parseRejectLimit } from "../../job/definition/reject-limit.ts";
import type { Duration } from "../../job/pace/duration.ts";
import { canary, type Rollout, stages } from "../../job/pace/rollout.ts";
import type { OpenedJob } from "../../plan/open/opened-job.ts";
import { openJob, requireScope } from "../../plan/open-job.ts";
import { requireParametersFit } from "../../plan/parameters-fit.ts";
import type { Queryable, Transaction } from "../../postgres/transaction/database.ts";
import type { Run } from "../../store/runs/run.ts";
import { requireGrants } from "../../store/schema/grants.ts";
import { installedVersion } from "../../store/schema/store-schema.ts";
import { type Session, withSession } from "../../store/session.ts";
import type { Store } from "../../store/store.ts";
import { ensureSchema } from "../control/ensure-schema.ts";
import { recordSteps } from "../control/record-steps.ts";
import { requireIntegrity, withIntegrity } from "../guards/integrity.ts";
import { requireBackup } from "../guards/require-backup.ts";
import { requireBeforeSteps } from "../guards/require-before-steps.ts";
import { requireSafeSteps } from "../guards/require-safe-steps.ts";
import { requireVerifiable } from "../guards/require-verifiable.ts";
import { connectionsOf } from "../options/pace-of.ts";
import { participation } from "../options/participation.ts";
import type { WorkOptions } from "../options/work-options.ts";
import type { RunReport } from "../report/run-report.ts";
import { noUndos, partUndo, readUndos } from "../state/job-state.ts";
import { chooseAnswers } from "../undo-log/choose-answers.ts";
import { chooseUndoLog } from "../undo-log/choose-undo-log.ts";
import { contractAfter, expand, resumeContract } from "./contract-steps.ts";
import { createJobRun } from "./create-job-run.ts";
import { openTask } from "./open-task.ts";
import { requireKnownOptions } from "./require-known-options.ts";
import { rollOut } from "./roll-out.ts";

export interface RunOptions extends WorkOptions {
  readonly parameters?: GivenParameters | undefined;
  /** run it even if it has succeeded before */
  readonly again?: boolean | undefined;
  /** do this part first, verify it, and stop: `"1%"`, `"5000 rows"` */
  readonly canary?: string | undefined;
  /** do the rows in these stages, each verified: `"1%,10%,100%"` */
  readonly stages?: string | undefined;
  /** how long to wait after each stage before it is judged; a minute when absent */
  readonly soak?: Duration | undefined;
}

/**
 * Runs a job to its end, or until it is stopped; installs tidefill's schema when it is missing.
 * Returns a report for every outcome of a run. @throws RefusedError, UsageError when no run was started
 */
export async function runJob(job: Job, options: RunOptions = {}): Promise<RunReport> {
  requireKnownOptions("runJob", options, ["parameters", "again", "canary", "stages", "soak"]);
  const given = options.parameters ?? {};
  const part = participation(options, false);
  const parameters = await readParameters(job.parameters, given);
  await requireKept(job.parameters, given);
  return withSession(`tidefill ${job.name}`, options, connectionsOf(options), async (session) => {
    const { db, store } = session;
    // Checked again when the run is created: another process may have done the job during the steps and
    // checks.
    const notDoneYet = async (tx: Transaction): Promise<void> => {
      if (options.again !== true) await requireNotDone(tx, store, job);
    };
    await requireParametersFit(db, job.parameters, parameters);
    parseRejectLimit(options.rejectLimit ?? job.rejectLimit);
    plannedRollout(options, 1);
    requireScope(job, parameters);
    await requireBefore(session, job);
    const gone = options.again === true ? null : await resumeContract(session, job, options);
    if (gone !== null) return withIntegrity(db, job, gone);
    if (job.expand.length > 0 || job.kind === "steps") await enter(session, job, options);
    if (job.expand.length > 0) await requireBeforeSteps(db, job, parameters, options);
    // Contract steps are checked too: after the rows it would be too late.
    await requireSafeSteps(job);
    if (job.expand.length > 0) await expand(session, job, options);
    if (job.kind === "steps") {
      const entered = await recordSteps(session, job, options, notDoneYet);
      return withIntegrity(db, job, await contractAfter(session, job, entered, options));
    }
    const { opened, run } = await begin(session, job, options, notDoneYet).catch((error: unknown) => {
      throw job.expand.length > 0 ? refusedBehindSteps(error) : error;
    });
    const report = await rollOut(
      { session, opened, part },
      run,
      await openTask(session, run, opened, options),
    );
    return contractAfter(session, job, report, options);
  });
}

/** Checks the job after its expand steps, and creates the run. @throws RefusedError */
async function begin(
  session: Session,
  job: Job,
  options: RunOptions,
  notDoneYet: (tx: Transaction) => Promise<void>,
): Promise<{ readonly opened: OpenedJob; readonly run: Run }> {
  const { db } = session;
  const given = options.parameters ?? {};
  const opened = await openJob(db, job, await readParameters(job.parameters, given));
  await enter(session, job, options);
  // Its contract steps wait for a verify.
  if (job.contract.length > 0) await requireVerifiable(db, opened);
  const undoLog = await chooseUndoLog(db, opened, options);
  await requireBackup(session, opened, undoLog);
  await requireIntegrity(db, job);
  const rollout = plannedRollout(options, opened.estimate.walk);
  const answers = await chooseAnswers(db, opened, options);
  const created = { opened, undoLog, answers, ofRun: null, parameters: given, rollout };
  return { opened, run: await createJobRun(session, created, options, notDoneYet) };
}

/** Adds to a refusal that the expand steps are done, for what could only be checked after them. */
function refusedBehindSteps(error: unknown): unknown {
  if (!(error instanceof RefusedError)) return error;
  const message = error.message.replace(/ Nothing was started\.$/, "");
  return new RefusedError(
    error.check,
    `${message} The expand steps are done and stay; no row was touched.`,
    error.remedy ?? "",
  );
}

/** Installs the schema, and checks grants and whether the job is done already. @throws RefusedError */
async function enter(session: Session, job: Job, options: RunOptions): Promise<void> {
  const { db, store } = session;
  await ensureSchema(session);
  await requireGrants(db, store.schema, job.kind !== "steps" && (job.undoable || job.calls !== null));
  await store.runs.settle(db, job.name);
  if (options.again !== true) await requireNotDone(db, store, job);
}

/** @throws UsageError */
function plannedRollout({ canary: part, stages: parts, soak }: RunOptions, rows: number): Rollout | null {
  if (part !== undefined && parts !== undefined)
    throw new UsageError("A canary and stages exclude each other.", {
      remedy: "A canary is the first of two stages.",
    });
  if (soak !== undefined && parts === undefined)
    throw new UsageError("A soak time belongs to stages.", { remedy: "--stages 1%,10%,100% --soak 5m" });
  if (part !== undefined) return canary(part, rows);
  return parts === undefined ? null : stages(parts, soak);
}

/** @throws RefusedError when a job that must come before is not done */
async function requireBefore({ db, store }: Session, job: Job): Promise<void> {
  if (job.after.length === 0) return;
  const isInstalled = (await installedVersion(db, store.schema)) !== null;
  const undos = isInstalled ? await readUndos({ db, store }) : noUndos;
  for (const name of job.after) {
    const standing = isInstalled ? await store.runs.standing(db, name) : null;
    const undo = partUndo(name, standing, undos);
    if (undo !== null) {
      throw new RefusedError(
        "jobs-before-are-done",
        `The job ${job.name} comes after ${name}, of which run ${undo.id} has undone a part. Nothing was started.`,
        `Undo the rest: tidefill undo ${name}   or do it again: tidefill run ${name} --again   Then: tidefill up --to ${job.name}`,
      );
    }
    if (standing !== null) continue;
    throw new RefusedError(
      "jobs-before-are-done",
      `The job ${job.name} comes after ${name}, which has not succeeded here. Nothing was started.`,
      `tidefill up --to ${job.name}   does all that comes before it, in order`,
    );
  }
}

async function requireNotDone(db: Queryable, store: Store, job: Job): Promise<void> {
  const done = await store.runs.standing(db, job.name);
  if (done !== null) throw alreadySucceeded(done);
}

function alreadySucceeded(run: Run): RefusedError {
  return new RefusedError(
    "not-done-already",
    `The job ${run.job} has succeeded already: run ${run.id}, finished ${run.finishedAt}.`,
    `To run it once more: tidefill run ${run.job} --again`,
  );
}
