import { TidefillError } from "../../errors.ts";
import type { Job } from "../../job/definition/define-job.ts";
import { readParameters } from "../../job/definition/parameters.ts";
import { beforeLoss } from "../../job/steps/before-loss.ts";
import { tryToOpenJob } from "../../plan/open-job.ts";
import type { Database } from "../../postgres/transaction/database.ts";
import type { Run } from "../../store/runs/run.ts";
import { isFinished } from "../../store/runs/run-status.ts";
import { installedVersion } from "../../store/schema/store-schema.ts";
import type { Session } from "../../store/session.ts";
import type { Store } from "../../store/store.ts";
import { adoptPace } from "../control/adopt-pace.ts";
import { brokenRules } from "../guards/integrity.ts";
import { whyUnsafe } from "../guards/require-safe-steps.ts";
import { participation } from "../options/participation.ts";
import type { PaceOptions, StepWorkOptions, WorkOptions } from "../options/work-options.ts";
import { openStepRunner } from "../process/open-step-runner.ts";
import { type RunReport, readReport } from "../report/run-report.ts";
import { verify } from "../verify/verify-run.ts";

/** Runs the expand steps. After a kill at any instant the next call goes on. */
export async function expand(session: Session, job: Job, options: StepWorkOptions): Promise<void> {
  const window = options.window ?? job.pace.window;
  await openStepRunner(session, { job, phase: "expand" }, { ...options, window }).up();
}

/**
 * After a successful run: verifies it, and runs the non-destructive contract steps. Destructive steps wait
 * for `contractJob`, until no program uses what they remove.
 */
export async function contractAfter(
  session: Session,
  job: Job,
  report: RunReport,
  options: WorkOptions,
): Promise<RunReport> {
  if (report.status !== "succeeded" || report.kind !== "run" || job.contract.length === 0) return report;
  const run = BigInt(report.run);
  const runner = openStepRunner(session, { job, phase: "contract", run }, options);
  const { length: before } = await runner.open();
  const stopped = await runContract(session, job, run, options).catch((error: unknown) => {
    if (error instanceof TidefillError && error.code === "step-stopped") return error;
    throw error;
  });
  const open = (await runner.open()).map(({ name }) => name);
  const isStopped = stopped instanceof TidefillError;
  const problem = isStopped ? stopped.message : stopped;
  return { ...report, contract: { done: before - open.length, open, problem, isStopped } };
}

/** Returns why no step was done, or null when the steps were done. */
async function runContract(
  session: Session,
  job: Job,
  run: bigint,
  options: WorkOptions,
): Promise<string | null> {
  const problem = (await whyUnsafe(job)) ?? (await whyNotYet(session, job, run, options));
  if (problem === null)
    await openStepRunner(session, { job, phase: "contract", run }, options).up(beforeLoss(job.contract));
  return problem;
}

/**
 * Goes on with the contract steps of a successful run after a kill or a failure. Null when only steps that
 * wait for `contractJob` are open.
 */
export async function resumeContract(
  session: Session,
  job: Job,
  options: WorkOptions,
): Promise<RunReport | null> {
  const { db, store } = session;
  if (beforeLoss(job.contract).length === 0 || (await installedVersion(db, store.schema)) === null)
    return null;
  const run = await store.runs.standing(db, job.name);
  const latest = await store.runs.latest(db, job.name);
  if (run === null || latest === null || !isFinished(latest.status)) return null;
  const open = await openStepRunner(session, { job, phase: "contract" }, options).open();
  if (!beforeLoss(job.contract).some((step) => open.includes(step))) return null;
  const current = await withPace(session, run, options);
  return contractAfter(session, job, await readReport(session, current), options);
}

/** Adopts the pace of `options`, and returns the run with it. */
export async function withPace({ db, store }: Session, run: Run, options: PaceOptions): Promise<Run> {
  await db.transaction(async (tx) => {
    const asked = await adoptPace(tx, store, run, options);
    if (Object.keys(asked).length === 0) return;
    await store.audit.record(tx, { action: "set", job: run.job, run: run.id, details: { ...asked } });
  });
  return store.runs.get(db, run.id);
}

/**
 * Why the contract steps of a run must wait; null when it is complete and verified. Verifies it if needed.
 */
export async function whyNotYet(
  session: Session,
  job: Job,
  run: bigint,
  options: WorkOptions,
): Promise<string | null> {
  const { db, store } = session;
  if (job.kind === "steps") return null;
  const { rejects: rejected } = await store.rejects.standing(db, run);
  if (rejected > 0) return `Run ${run} of ${job.name} has ${rejected} rejects: tidefill rejects ${run}.`;
  const last = await store.runs.latest(db, job.name, "verify");
  const isCompared = last?.ofRun === run && last.status === "succeeded" && !last.isPartial;
  if (!isCompared && (await cannotBeCompared(db, job, await store.runs.get(db, run))))
    return whyNotByIntegrity(db, job);
  const comparing = isCompared ? last.id : BigInt((await verifyNow(session, job, run, options)).run);
  const compared = await store.runs.get(db, comparing);
  if (compared.status === "interrupted")
    throw new TidefillError(
      "step-stopped",
      `The verify before the contract steps of ${job.name} was stopped.`,
      {
        remedy: `To go on: tidefill contract ${job.name}`,
      },
    );
  if (compared.status !== "succeeded")
    return `The verify of run ${run} of ${job.name} is ${compared.status}.`;
  // A verify has a message only where what it compared proves nothing.
  if (compared.message !== null)
    return `The verify of run ${run} of ${job.name} proves nothing: ${compared.message}`;
  const { rejects: differences } = await store.rejects.standing(db, comparing);
  return differences > 0
    ? `The verify of run ${run} of ${job.name} found ${differences} differences: tidefill rejects ${comparing}.`
    : null;
}

/** Verifies the run within its present window. */
async function verifyNow(session: Session, job: Job, run: bigint, options: WorkOptions): Promise<RunReport> {
  const { db, store } = session;
  const hours = { ...options, window: await windowOf(store, db, job, run) };
  return verify(session, job, { ...hours, run }, participation(hours, true));
}

/** The present window of the run, which its verify keeps to as well. */
async function windowOf(store: Store, db: Database, job: Job, run: bigint): Promise<string | undefined> {
  const { pace } = await readReport({ db, store }, await store.runs.get(db, run));
  return pace.window ?? job.pace.window;
}

/** Whether the rows that the job inserts have no unique key to be found by. */
async function cannotBeCompared(db: Database, job: Job, run: Run): Promise<boolean> {
  const { opened } = await tryToOpenJob(db, job, await readParameters(job.parameters, run.parameters));
  return opened !== null && opened.write.sink.comparing === null;
}

/** Why the steps must wait where rows cannot be compared: the job's integrity queries decide instead. */
async function whyNotByIntegrity(db: Database, job: Job): Promise<string | null> {
  if (job.integrity.length === 0)
    return `Rows inserted by ${job.name} have no unique key, so verify cannot compare them. Add an \`integrity\` query to the job.`;
  const broken = await brokenRules(db, job);
  return broken.length === 0 ? null : `After ${job.name}, ${broken.join(", ")}.`;
}
