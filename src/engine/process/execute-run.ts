import { randomUUID } from "node:crypto";
import { paceOfCalls } from "../../job/definition/calls.ts";
import { isJudged } from "../../job/pace/rollout.ts";
import { otherRuns } from "../../plan/warnings/other-runs.ts";
import { raw } from "../../postgres/sql/sql.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import { withRetries } from "../../postgres/transaction/with-retries.ts";
import { runName } from "../../remedies/stops.ts";
import { type Progress, readProgress } from "../../store/runs/progress.ts";
import type { Run } from "../../store/runs/run.ts";
import { isFinished } from "../../store/runs/run-status.ts";
import type { Session } from "../../store/session.ts";
import type { RunTask, Sweeping } from "../batch/run-task.ts";
import { Patience } from "../loop/backoff.ts";
import { nextSweep } from "../loop/finish-run.ts";
import { type StopRequest, StopSignal } from "../loop/stop-signal.ts";
import type { Participation } from "../options/participation.ts";
import { Pacer } from "../pacing/pacer.ts";
import { SignalMonitor } from "../pacing/signal-monitor.ts";
import { describeStop } from "../report/describe-stop.ts";
import { Events } from "../report/events.ts";
import { type RunReport, readReport, reportOf } from "../report/run-report.ts";
import { CallControl } from "./call-control.ts";
import { Heartbeat } from "./heartbeat.ts";
import { Holds } from "./holds.ts";
import { leaveRun, statusAfter } from "./leave-run.ts";
import { OperatorRequests } from "./operator-requests.ts";
import { releaseDeadWorkers } from "./release-dead-workers.ts";
import { startWorkers } from "./start-workers.ts";

/** Beginning and ending must not fail because a connection was just cut, so they are tried so often. */
const mostFailures = 3;

/** Works on a run with its workers until it is finished or stopped. Returns its report. */
export async function executeRun(
  session: Session,
  run: Run,
  task: RunTask,
  participation: Participation,
): Promise<RunReport> {
  const { db, store } = session;
  const { leaseMs, isResumed, onlyJoins, signal, inTest } = participation;
  const process = { id: randomUUID(), leaseMs };
  const stop = new StopSignal();
  const pacer = new Pacer({ ...task.pace, ...paceOfCalls(task.calls) }, run.pace, inTest?.batchRows);
  let heartbeat: Heartbeat | undefined;
  let calls: CallControl | undefined;
  const events = new Events(run.job, run.id, [
    ...participation.listeners,
    (event) => {
      heartbeat?.hear(event);
      calls?.hear(event);
    },
  ]);
  const enter = async (tx: Transaction): Promise<void> => {
    const workers = pacer.activeWorkers;
    await store.workers.beat(tx, run.id, { ...process, workers, rowsPerSecond: 0, heldBack: null });
  };
  const taking = { sweeping: task.sweeping, onlyJoins, enter };
  if (!(await withRetries(() => takeUp(session, run.id, taking), mostFailures)))
    return readReport(session, await store.runs.get(db, run.id));
  // If this fails, the leases run out by themselves.
  if (isResumed) await releaseDeadWorkers(session, run.id).catch(() => {});
  const monitor = new SignalMonitor(db, run, task, participation, pacer, { events, stop });
  const requests = new OperatorRequests(db, stop, pacer);
  const control = { stop, events, pacer, patience: new Patience() };
  calls = new CallControl(session, run.id, control);
  const ours = { db: db.withSettings(run.session), store };
  const pool = await startWorkers(ours, run, task, { process, ...control, requests, calls, inTest });
  requests.attach(pool);
  const holds = new Holds(runName({ ...run, run: run.id }), monitor.blockersOf(run), calls);
  const parts = { pool, pacer, monitor, events, requests, holds, calls };
  heartbeat = new Heartbeat(session, run.id, process, parts);
  stop.follow(signal);
  await tellOfStart(session, run, { isResumed, workers: pacer.workers }, events);
  await monitor.start();
  heartbeat.start();
  pool.growTo(pacer.workers);
  await pool.done();
  // While it still counts as at work: the last process to leave sets the run's status and says why.
  if (stop.request !== null) await participation.beforeLeaving?.();
  await Promise.all([heartbeat.stop(), monitor.stop()]);
  return end(session, run, { process: process.id, request: stop.request, seen: heartbeat.seen }, events);
}

/** Reports that the process works on the run, and which other runs go over the same tables. */
async function tellOfStart(
  { db, store }: Session,
  run: Run,
  { isResumed, workers }: { readonly isResumed: boolean; readonly workers: number },
  events: Events,
): Promise<void> {
  const { estimatedRows, estimatedWalk, kind } = run;
  events.emit({
    type: "run started",
    kind,
    isResumed,
    workers,
    estimatedRows: estimatedRows ?? 0,
    estimatedWalk: estimatedWalk ?? 0,
  });
  const beside = await otherRuns(db, store, run.job, run.code.tables ?? []).catch(() => []);
  for (const warning of beside) events.emit({ type: "warned", ...warning });
}

/**
 * Resuming clears the stop reason. Joining a run that is being worked on changes nothing, least of all
 * `wanted`. Returns false when the run has finished in the meantime, or is no longer there to be joined.
 */
async function takeUp(
  { db, store }: Session,
  id: bigint,
  {
    sweeping: { retries },
    onlyJoins,
    enter,
  }: {
    readonly sweeping: Sweeping;
    readonly onlyJoins: boolean;
    readonly enter: (tx: Transaction) => Promise<void>;
  },
): Promise<boolean> {
  return db.transaction(
    async (tx) => {
      const run = await store.runs.lock(tx, id);
      if (isFinished(run.status) || (onlyJoins && run.status !== "running")) return false;
      // Try rows again that triggers swallowed: an operator has typed `resume` for that.
      if (run.status === "failed" && run.stopReason === "swallowed")
        await nextSweep(tx, store, run, retries ?? "list");
      if (run.status !== "running") {
        const nothing = { stop_reason: raw("null"), message: raw("null") };
        const next = run.stopReason === "canary" && isJudged(run) ? { stage: raw("stage + 1") } : {};
        await store.runs.set(tx, id, {
          status: raw("'running'"),
          wanted: raw("'running'"),
          ...next,
          ...nothing,
        });
      }
      // In the same transaction, so that no session finds a running run without a process.
      await enter(tx);
      return true;
      // May be lost in a crash, since the next process repeats it; must not wait for a standby that is away.
    },
    { mayBeForgotten: true },
  );
}

/** Records how the run ended. If the database is away, other sessions infer it from our missing heartbeat. */
async function end(
  session: Session,
  run: Run,
  leaving: { readonly process: string; readonly request: StopRequest | null; readonly seen: Progress },
  events: Events,
): Promise<RunReport> {
  const { db, store } = session;
  const { process, request, seen } = leaving;
  try {
    const [ended, progress] = await withRetries(async () => {
      await leaveRun(session, run.id, process, request);
      const look = async (tx: Transaction) =>
        [(await store.runs.find(tx, run.id)) ?? run, await readProgress(tx, store.schema, run.id)] as const;
      return db.transaction(look);
    }, mostFailures);
    return report(ended, progress, events);
  } catch (error) {
    if (request === null) throw error;
    const status = statusAfter[request.reason];
    const ended = {
      ...run,
      status,
      stopReason: request.reason,
      message: `${describeStop(request.error ?? error).replace(/\.?$/, ".")} ${notAsked}`,
    };
    return report(ended, seen, events);
  }
}

const notAsked =
  "The database could not be reached at the end, so the counts are the last that this process saw.";

function report(run: Run, progress: Progress, events: Events): RunReport {
  const { status, stopReason, message } = run;
  events.emit({ type: "run stopped", status, stopReason, message, progress });
  return reportOf(run, progress);
}
