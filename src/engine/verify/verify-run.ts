import { RefusedError, UsageError } from "../../errors.ts";
import type { Job } from "../../job/definition/define-job.ts";
import { type GivenParameters, parametersToJson, readParameters } from "../../job/definition/parameters.ts";
import { noRejectLimit } from "../../job/definition/reject-limit.ts";
import type { RunPace } from "../../job/pace/pace.ts";
import type { OpenedJob } from "../../plan/open/opened-job.ts";
import { openJob } from "../../plan/open-job.ts";
import { requireParametersFit } from "../../plan/parameters-fit.ts";
import { sql } from "../../postgres/sql/sql.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import { readProgress } from "../../store/runs/progress.ts";
import type { NewRun, Run } from "../../store/runs/run.ts";
import { isFinished } from "../../store/runs/run-status.ts";
import { type Session, withSession } from "../../store/session.ts";
import { adoptPace } from "../control/adopt-pace.ts";
import { createRun } from "../control/create-run.ts";
import { ensureSchema } from "../control/ensure-schema.ts";
import { requestStop } from "../control/request-stop.ts";
import { withIntegrity } from "../guards/integrity.ts";
import { requireVerifiable } from "../guards/require-verifiable.ts";
import { connectionsOf } from "../options/pace-of.ts";
import { type Participation, participation } from "../options/participation.ts";
import type { UndoKeyOption, WorkOptions } from "../options/work-options.ts";
import { executeRun } from "../process/execute-run.ts";
import { restartWhereMoved } from "../process/restart-where-moved.ts";
import type { RunReport } from "../report/run-report.ts";
import { givenParameters, keptParameters } from "../undo-log/kept-parameters.ts";
import { requireComparable, verifyTables, verifyTask } from "./verify-task.ts";
import { withNotCompared } from "./with-not-compared.ts";

export interface VerifyOptions extends WorkOptions {
  /** the number of the run to compare; the job's last run when absent */
  readonly run?: bigint | undefined;
  /** parameters for a job that has never run */
  readonly parameters?: GivenParameters | undefined;
}

/**
 * Compares what a job makes of its rows with what is there, by another way than the run's own. Goes on with
 * an interrupted verify. Differences are listed by key as `rejects` of the verify's run.
 */
export async function verifyRun(job: Job, options: VerifyOptions = {}): Promise<RunReport> {
  const part = participation(options, true);
  if (job.kind === "steps")
    throw new UsageError(`Job ${job.name} has steps only: there are no rows to compare.`, {
      remedy: "To check what its steps have made: tidefill check",
    });
  return withSession(`tidefill verify ${job.name}`, options, connectionsOf(options), async (session) => {
    await ensureSchema(session);
    return verify(session, job, options, part);
  });
}

/** The same, in an open session. */
export async function verify(
  session: Session,
  job: Job,
  options: VerifyOptions,
  part: Participation,
): Promise<RunReport> {
  const { db, store } = session;
  const run = await verifiedRun(session, job, options);
  const given = run === null ? (options.parameters ?? {}) : await givenParameters(db, run, options);
  const parameters = await readParameters(job.parameters, given);
  if (run === null) await requireParametersFit(db, job.parameters, parameters);
  const opened = await openJob(db, job, parameters);
  requireComparable(opened);
  await requireVerifiable(db, opened);
  const unfinished = await unfinishedOf(session, opened, run);
  const fresh = { of: run, given, pace: {} };
  const begun = unfinished ?? (await begin(session, opened, fresh, options));
  await restartWhereMoved(session, begun, (tx) => verifyTables(tx, store, opened, run));
  await adoptPace(db, store, begun, options);
  const current = await store.runs.get(db, begun.id);
  const report = await executeRun(session, current, await verifyTask(session, current, opened), part);
  return withIntegrity(db, job, await withNotCompared(session, opened, current, report));
}

/**
 * Compares what an unfinished run has done so far, at its pace. Null if the job's inserts cannot be compared.
 */
export async function verifyDone(
  session: Session,
  opened: OpenedJob,
  run: Run,
  part: Participation,
): Promise<RunReport | null> {
  if (opened.write.sink.comparing === null) return null;
  const unfinished = await unfinishedVerify(session, opened.job);
  if (unfinished !== null) await giveUp(session, unfinished);
  const verify = await begin(session, opened, { of: run, given: {}, pace: run.pace }, {});
  return executeRun(session, verify, await verifyTask(session, verify, opened), part);
}

/**
 * The interrupted verify of the same run by the same code. Cancels any other, or throws RefusedError while it
 * runs.
 */
async function unfinishedOf(
  session: Session,
  { job, definitionFingerprint }: OpenedJob,
  of: Run | null,
): Promise<Run | null> {
  const unfinished = await unfinishedVerify(session, job);
  if (unfinished === null) return null;
  const isSame = unfinished.code.definition === definitionFingerprint && !unfinished.isPartial;
  if (isSame && unfinished.ofRun === (of?.id ?? null)) return unfinished;
  await giveUp(session, unfinished);
  return null;
}

async function unfinishedVerify({ db, store }: Session, job: Job): Promise<Run | null> {
  const latest = await store.runs.latest(db, job.name, "verify");
  return latest === null || isFinished(latest.status) ? null : latest;
}

async function giveUp(session: Session, { id, job, status }: Run): Promise<void> {
  if (status === "running") {
    throw new RefusedError(
      "no-unfinished-run",
      `Run ${id} is already verifying ${job}.`,
      `Wait for it, or give it up: tidefill cancel ${id}`,
    );
  }
  await requestStop(session, String(id), "cancelled");
}

/**
 * The run whose rows are compared; null if the job has never run here. @throws RefusedError if it was undone
 */
async function verifiedRun(
  { db, store }: Session,
  job: Job,
  { run: id }: VerifyOptions,
): Promise<Run | null> {
  const isNamed = id !== undefined;
  const run = isNamed ? await store.runs.require(db, String(id)) : await store.runs.latest(db, job.name);
  if (run === null) return null;
  if (isNamed && run.kind !== "run") {
    const of = run.ofRun === null ? `${job.name}, which has never run` : `run ${run.ofRun}`;
    throw new UsageError(`Run ${run.id} cannot be compared: it is the ${run.kind} of ${of}.`, {
      remedy: `Name the run to compare: tidefill verify ${run.ofRun ?? job.name}`,
    });
  }
  const worked = run.kind === "undo" ? await store.runs.before(db, run) : run;
  if (worked.undoneBy !== null) {
    throw new RefusedError(
      "not-undone",
      `Run ${worked.id} of ${job.name} was undone by run ${worked.undoneBy}, so there is nothing left to compare.`,
      `Run the job again: tidefill run ${job.name}   Or compare an earlier run by its number: tidefill list`,
    );
  }
  if (worked === run) return run;
  throw new RefusedError(
    "not-undone",
    `Run ${run.id} has undone a part of run ${worked.id} of ${job.name}.`,
    `Undo the rest: tidefill undo ${job.name}   Or compare it as it is: tidefill verify ${worked.id}`,
  );
}

/** What a new verify compares: the rows of a run, or those of a job that never ran, with `given`. */
interface NewVerify {
  readonly of: Run | null;
  /** used only without a run, which has its own parameters */
  readonly given: GivenParameters;
  readonly pace: RunPace;
}

async function begin(
  session: Session,
  opened: OpenedJob,
  { of, given, pace }: NewVerify,
  options: UndoKeyOption,
): Promise<Run> {
  const { db, store } = session;
  const { job, estimate, isPersonal } = opened;
  const isPartial = of !== null && of.status !== "succeeded";
  const walk = isPartial ? (await readProgress(db, store.schema, of.id)).walked : Math.round(estimate.walk);
  const describe = async (tx: Transaction): Promise<NewRun> => ({
    job: job.name,
    kind: "verify",
    ofRun: of?.id ?? null,
    parameters: of?.parameters ?? {},
    session: job.session,
    rejectLimit: noRejectLimit,
    code: { definition: opened.definitionFingerprint, files: {} },
    keyFingerprint: opened.keyFingerprint,
    tableFingerprint: opened.tableFingerprint,
    // A partial verify goes by keys, which survive a rewrite of the table.
    tables: isPartial ? [] : await verifyTables(tx, store, opened, of),
    estimatedRows: walk,
    estimatedWalk: walk,
    pace,
    isPartial,
  });
  const also = async (tx: Transaction, id: bigint): Promise<void> => {
    if (of === null) {
      const own = parametersToJson(job.parameters, given);
      const kept = isPersonal ? await keptParameters(tx, id, own, options) : sql`${own}::jsonb`;
      await store.runs.set(tx, id, { parameters: kept });
    }
    if (!isPartial) return;
    await store.ranges.copyDone(tx, of.id, id);
    await store.runs.set(tx, id, { is_planned: sql`true` });
  };
  // The audit line of the compared run already has its parameters.
  const parameters = of !== null ? {} : { parameters: isPersonal ? Object.keys(given) : given };
  const details = { compared: of === null ? null : String(of.id), ...parameters };
  return createRun(session, describe, { details, also });
}
