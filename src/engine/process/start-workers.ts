import { exceeds, noRejects, type Standing, since } from "../../job/definition/reject-limit.ts";
import { readDeadlockTimeout } from "../../postgres/transaction/deadlock-timeout.ts";
import type { Advanced } from "../../store/runs/ranges.ts";
import type { Run } from "../../store/runs/run.ts";
import { hadTooManyRejects } from "../../store/runs/run-status.ts";
import type { Session } from "../../store/session.ts";
import { BatchCommitter } from "../batch/batch-committer.ts";
import { RunTables } from "../batch/run-tables.ts";
import type { RunTask } from "../batch/run-task.ts";
import type { Patience } from "../loop/backoff.ts";
import { BatchSize } from "../loop/batch-size.ts";
import { finishRun } from "../loop/finish-run.ts";
import { RangePlanner } from "../loop/range-planner.ts";
import { RunEnd } from "../loop/run-end.ts";
import type { StopSignal } from "../loop/stop-signal.ts";
import { LockedRows } from "../loop/stuck-row.ts";
import { Worker } from "../loop/worker.ts";
import { WorkerPool } from "../loop/worker-pool.ts";
import { type InTest, rangeRowsOf } from "../options/in-test.ts";
import type { Pacer } from "../pacing/pacer.ts";
import type { Events } from "../report/events.ts";
import type { CallControl } from "./call-control.ts";
import type { OperatorRequests } from "./operator-requests.ts";
import { rowsOfCalls } from "./rows-of-calls.ts";

/** The workers of a process. They share everything except the batch size that each measures. */
export async function startWorkers(
  session: Session,
  run: Run,
  task: RunTask,
  control: {
    readonly process: { readonly id: string; readonly leaseMs: number };
    readonly stop: StopSignal;
    readonly events: Events;
    readonly pacer: Pacer;
    readonly requests: OperatorRequests;
    readonly patience: Patience;
    readonly calls: CallControl;
    readonly inTest: InTest | null;
  },
): Promise<WorkerPool> {
  const { db, store } = session;
  const { walk, sweeping, writes } = task;
  const tables = new RunTables(run, sweeping.hasPending);
  const { process, stop, events, pacer, requests, patience, calls, inTest } = control;
  const timing = { pace: pacer, deadlockTimeoutMs: await readDeadlockTimeout(db), leaseMs: process.leaseMs };
  const wish = {
    id: run.id,
    estimatedWalk: run.estimatedWalk ?? 0,
    workers: pacer.workers,
    walkMs: pacer.limitMs,
    deadlockTimeoutMs: timing.deadlockTimeoutMs,
    walked: task.walked ?? null,
    shares: run.rollout?.shares ?? [1],
    rangeRows: rangeRowsOf(inTest),
  };
  const tools = {
    db,
    store,
    planner: new RangePlanner(session, walk, wish, events),
    committer: new BatchCommitter(session, run.job, task, tables, timing, calls),
    pace: pacer,
    events,
    stop,
    patience,
    locked: new LockedRows(),
    apply: (asked: Advanced) => requests.apply(asked),
    end: new RunEnd(
      (owesRetry) => finishRun(session, run.id, { ...sweeping, owesRetry }, tables),
      hadTooManyRejects(run),
      () => pool.members.some(({ isBusy }) => isBusy),
    ),
  };
  const share = {
    run: run.id,
    process: process.id,
    leaseMs: process.leaseMs,
    hasTooMany: await limitOf(session, run),
    writes,
  };
  const size = () => new BatchSize(pacer, rowsOfCalls(task.calls, pacer));
  const pool: WorkerPool = new WorkerPool((number) => new Worker(number, tools, share, size()));
  return pool;
}

/** Rejects from before a resume count only at the end: the run tries them again there. */
async function limitOf({ db, store }: Session, run: Run): Promise<(standing: Standing) => boolean> {
  const before = hadTooManyRejects(run) ? await store.rejects.standing(db, run.id) : noRejects;
  return (standing) => exceeds(run.rejectLimit, since(before, standing), "reading");
}
