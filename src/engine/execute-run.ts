import { randomUUID } from "node:crypto";
import pLimit from "p-limit";
import type { Database, Transaction } from "../postgres/database.ts";
import { classifyFailure } from "../postgres/failure.ts";
import { raw } from "../postgres/sql.ts";
import { noProgress, type Progress, readProgress } from "../store/progress.ts";
import type { Run } from "../store/run.ts";
import { isFinished } from "../store/run-status.ts";
import type { Store } from "../store/store.ts";
import { noThrottle } from "../throttle/throttle.ts";
import { Patience } from "./backoff.ts";
import { BatchSize } from "./batch-size.ts";
import { buryTheDead } from "./bury-the-dead.ts";
import { BatchCommitter } from "./commit-batch.ts";
import { readDeadlockTimeout } from "./deadlock-timeout.ts";
import { type EventListener, Events } from "./events.ts";
import { describeStop, leaveRun, statusAfter } from "./leave-run.ts";
import { Pulse } from "./pulse.ts";
import { RangePlanner } from "./range-planner.ts";
import { type RunReport, readReport, reportOf } from "./run-report.ts";
import type { RunTask } from "./run-task.ts";
import { StopSignal } from "./stop-signal.ts";
import { Worker } from "./worker.ts";

/** How this process takes part in a run. */
export interface Participation {
  readonly workers: number;
  readonly leaseMs: number;
  readonly isResumed: boolean;
  readonly signal: AbortSignal | undefined;
  readonly listeners: readonly EventListener[];
}

/** Works on a run with so many workers until it is finished or somebody says stop, and answers how it stands. */
export async function executeRun(
  db: Database,
  store: Store,
  run: Run,
  task: RunTask,
  participation: Participation,
): Promise<RunReport> {
  const { workers: count, leaseMs, isResumed, signal } = participation;
  const process = randomUUID();
  const stop = new StopSignal();
  let pulse: Pulse | undefined;
  const events = new Events(run.job, run.id, [...participation.listeners, (event) => pulse?.hear(event)]);
  const workers = await hire(db, store, run, task, participation, { process, stop, events });
  pulse = new Pulse(db, store, run.id, task.relation, { id: process, leaseMs }, workers, {
    events,
    stop,
  });
  const worker = { id: process, workers: count, leaseMs, rowsPerSecond: 0 };
  if (!(await patiently(() => takeUp(db, store, run.id, (tx) => store.workers.beat(tx, run.id, worker)))))
    return readReport(db, store, await store.runs.require(db, String(run.id)));
  // When this fails, their leases run out by themselves.
  if (isResumed) await buryTheDead(db, store, run.id).catch(() => {});
  const estimatedRows = run.estimatedRows ?? 0;
  const estimatedWalk = run.estimatedWalk ?? 0;
  events.emit({
    type: "run started",
    kind: run.kind,
    isResumed,
    workers: count,
    estimatedRows,
    estimatedWalk,
  });
  pulse.start();
  stop.follow(signal);
  const limit = pLimit(count);
  await Promise.all(workers.map((worker) => limit(() => worker.run())));
  await pulse.stop();
  return end(db, store, run, process, stop, events);
}

// Read anew for each of them: the workers of one process differ only in what they measure.
async function hire(
  db: Database,
  store: Store,
  run: Run,
  task: RunTask,
  { workers: count, leaseMs }: Participation,
  { process, stop, events }: { readonly process: string; readonly stop: StopSignal; readonly events: Events },
): Promise<Worker[]> {
  const { batchTimeMs, walk, work, hasPending } = task;
  const deadlockTimeoutMs = await readDeadlockTimeout(db);
  const timing = { batchTimeMs, deadlockTimeoutMs, leaseMs };
  const committer = new BatchCommitter(db, store, walk, work, timing);
  const wish = { id: run.id, estimatedWalk: run.estimatedWalk ?? 0, workers: count, walkMs: batchTimeMs };
  const planner = new RangePlanner(db, store, walk, wish, events);
  const tools = {
    db,
    store,
    planner,
    committer,
    throttle: noThrottle,
    events,
    stop,
    patience: new Patience(),
  };
  const share = { run: run.id, process, leaseMs, rejectLimit: run.rejectLimit, hasPending };
  return Array.from(
    { length: count },
    (_, index) => new Worker(index + 1, tools, share, new BatchSize(batchTimeMs)),
  );
}

/**
 * Whoever takes a run up again clears away why it stopped; whoever joins others changes nothing, least of all what an operator
 * has asked of them. Answers false when the run has finished in the meantime.
 */
async function takeUp(
  db: Database,
  store: Store,
  id: bigint,
  enter: (tx: Transaction) => Promise<void>,
): Promise<boolean> {
  return db.transaction(async (tx) => {
    const run = await store.runs.lock(tx, id);
    if (isFinished(run.status)) return false;
    if (run.status !== "running") {
      const nothing = { stop_reason: raw("null"), message: raw("null") };
      await store.runs.set(tx, id, { status: raw("'running'"), wanted: raw("'running'"), ...nothing });
    }
    // In the same transaction, so that nobody finds a running run without a process.
    await enter(tx);
    return true;
  });
}

/** Says how it ended. When the database is away, what others see is derived from our heartbeat's end. */
async function end(
  db: Database,
  store: Store,
  run: Run,
  process: string,
  stop: StopSignal,
  events: Events,
): Promise<RunReport> {
  const { request } = stop;
  try {
    const [ended, progress] = await patiently(async () => {
      await leaveRun(db, store, run.id, process, request);
      return [
        (await store.runs.find(db, run.id)) ?? run,
        await readProgress(db, store.schema, run.id),
      ] as const;
    });
    return report(ended, progress, events);
  } catch (error) {
    if (request === null) throw error;
    const status = statusAfter[request.reason];
    const ended = {
      ...run,
      status,
      stopReason: request.reason,
      message: describeStop(request.error ?? error),
    };
    return report(ended, noProgress, events);
  }
}

function report(run: Run, progress: Progress, events: Events): RunReport {
  const { status, stopReason, message } = run;
  events.emit({ type: "run stopped", status, stopReason: (stopReason ?? null) as never, message, progress });
  return reportOf(run, progress);
}

/** A few tries, for what must not fail only because somebody held a lock or a connection was cut. */
async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      const { action } = classifyFailure(error);
      if (tries >= 3 || (action !== "retry" && action !== "shrink")) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100 * tries));
    }
  }
}
