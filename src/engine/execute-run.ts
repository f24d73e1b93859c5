import { randomUUID } from "node:crypto";
import pLimit from "p-limit";
import type { OpenedJob } from "../plan/opened-job.ts";
import type { Database } from "../postgres/database.ts";
import { raw, sql } from "../postgres/sql.ts";
import { readProgress } from "../store/progress.ts";
import { isFinished } from "../store/run-status.ts";
import type { Run } from "../store/runs.ts";
import type { Store } from "../store/store.ts";
import { noThrottle } from "../throttle/throttle.ts";
import { BatchSize } from "./batch-size.ts";
import type { BatchWork } from "./batch-work.ts";
import { buryTheDead } from "./bury-the-dead.ts";
import { BatchCommitter } from "./commit-batch.ts";
import { type EventListener, Events } from "./events.ts";
import { leaveRun } from "./leave-run.ts";
import { Pulse } from "./pulse.ts";
import { RangePlanner } from "./range-planner.ts";
import { RowBatch } from "./row-batch.ts";
import { type RunReport, readReport, reportOf } from "./run-report.ts";
import { SqlBatch } from "./sql-batch.ts";
import { StopSignal } from "./stop-signal.ts";
import { RowTransform } from "./transform-rows.ts";
import { Worker } from "./worker.ts";

/** How this process takes part in a run. */
export interface Participation {
  readonly workers: number;
  readonly leaseMs: number;
  readonly batchTimeMs: number;
  readonly isResumed: boolean;
  readonly signal: AbortSignal | undefined;
  readonly listeners: readonly EventListener[];
}

/** Works on a run with so many workers until it is finished or somebody says stop, and answers how it stands. */
export async function executeRun(
  db: Database,
  store: Store,
  run: Run,
  opened: OpenedJob,
  participation: Participation,
): Promise<RunReport> {
  const { workers: count, leaseMs, isResumed, signal } = participation;
  const process = randomUUID();
  const stop = new StopSignal();
  let pulse: Pulse | undefined;
  const events = new Events(run.job, run.id, [...participation.listeners, (event) => pulse?.hear(event)]);
  const workers = await hire(db, store, run, opened, participation, { process, stop, events });
  pulse = new Pulse(db, store, run.id, opened.source.relation, { id: process, leaseMs }, workers, {
    events,
    stop,
  });
  if (!(await takeUp(db, store, run.id)))
    return readReport(db, store, await store.runs.require(db, String(run.id)));
  // When this fails, their leases run out by themselves.
  if (isResumed) await buryTheDead(db, store, run.id).catch(() => {});
  const estimatedRows = run.estimatedRows ?? 0;
  const estimatedWalk = run.estimatedWalk ?? 0;
  events.emit({ type: "run started", isResumed, workers: count, estimatedRows, estimatedWalk });
  await pulse.start();
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
  opened: OpenedJob,
  { workers: count, leaseMs, batchTimeMs }: Participation,
  { process, stop, events }: { readonly process: string; readonly stop: StopSignal; readonly events: Events },
): Promise<Worker[]> {
  const deadlockTimeoutMs = await readDeadlockTimeout(db);
  const timing = { batchTimeMs, deadlockTimeoutMs, leaseMs };
  const committer = new BatchCommitter(db, store, opened.source, workOf(opened), timing);
  const wish = { id: run.id, estimatedWalk: run.estimatedWalk ?? 0, workers: count, walkMs: batchTimeMs };
  const planner = new RangePlanner(db, store, opened.source, wish, events);
  const tools = { db, store, planner, committer, throttle: noThrottle, events, stop };
  const hasPending = opened.source.definition.pending !== null;
  const task = { run: run.id, process, leaseMs, rejectLimit: run.rejectLimit, hasPending };
  return Array.from(
    { length: count },
    (_, index) => new Worker(index + 1, tools, task, new BatchSize(batchTimeMs)),
  );
}

function workOf({ write, source, parameters }: OpenedJob): BatchWork {
  return write.kind === "sql"
    ? new SqlBatch(source, write.sink)
    : new RowBatch(source, write.sink, new RowTransform(source, write.sink, write.transform, parameters));
}

async function readDeadlockTimeout(db: Database): Promise<number> {
  const { rows } = await db.query(sql`
    select setting
    from pg_catalog.pg_settings
    where name = 'deadlock_timeout'`);
  return Number(rows[0]?.setting ?? 1_000);
}

/** Whoever takes a run up again clears away why it stopped; answers false when it has finished in the meantime. */
async function takeUp(db: Database, store: Store, id: bigint): Promise<boolean> {
  return db.transaction(async (tx) => {
    const run = await store.runs.lock(tx, id);
    if (isFinished(run.status)) return false;
    const nothing = { stop_reason: raw("null"), message: raw("null") };
    await store.runs.set(tx, id, { status: raw("'running'"), wanted: raw("'running'"), ...nothing });
    return true;
  });
}

async function end(
  db: Database,
  store: Store,
  run: Run,
  process: string,
  stop: StopSignal,
  events: Events,
): Promise<RunReport> {
  // When the database is away, the run's state is derived from our heartbeat's end.
  await leaveRun(db, store, run.id, process, stop.request).catch(() => {});
  const ended = (await store.runs.find(db, run.id)) ?? run;
  const progress = await readProgress(db, store.schema, run.id);
  const report = reportOf(ended, progress);
  const { status, stopReason, message } = ended;
  events.emit({ type: "run stopped", status, stopReason: (stopReason ?? null) as never, message, progress });
  return report;
}
