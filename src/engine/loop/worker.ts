import { LeaseLostError, NoProgressError, RowsSwallowedError, WalkTooSlowError } from "../../errors.ts";
import type { Standing } from "../../job/definition/reject-limit.ts";
import type { Relation } from "../../postgres/catalog/relation.ts";
import { triggersBefore } from "../../postgres/catalog/trigger-guard.ts";
import { classifyFailure } from "../../postgres/failure/failure.ts";
import type { Database, Transaction } from "../../postgres/transaction/database.ts";
import type { Advanced, Lease } from "../../store/runs/ranges.ts";
import type { Store } from "../../store/store.ts";
import type { BatchCommitter } from "../batch/batch-committer.ts";
import type { BatchPace } from "../batch/batch-pace.ts";
import type { Events } from "../report/events.ts";
import { Backoff, type Patience } from "./backoff.ts";
import type { BatchSize } from "./batch-size.ts";
import { RangeLoop } from "./range-loop.ts";
import type { RangePlanner } from "./range-planner.ts";
import type { RunEnd } from "./run-end.ts";
import type { StopSignal } from "./stop-signal.ts";
import type { LockedRows } from "./stuck-row.ts";

/** What all workers of a process share. */
export interface WorkerTools {
  readonly db: Database;
  readonly store: Store;
  readonly planner: RangePlanner;
  readonly committer: BatchCommitter;
  readonly pace: BatchPace;
  /** applies what an operator requests of the run */
  readonly apply: (asked: Advanced) => void;
  readonly end: RunEnd;
  readonly events: Events;
  readonly stop: StopSignal;
  readonly patience: Patience;
  readonly locked: LockedRows;
}

/** The run as a worker sees it. */
export interface WorkerTask {
  readonly run: bigint;
  readonly process: string;
  readonly leaseMs: number;
  readonly hasTooMany: (standing: Standing) => boolean;
  /** the tables whose rows are written */
  readonly writes: readonly Relation[];
}

const soonMs = 20;
/** How often a surplus worker checks whether it may work. */
const spareMs = 200;

/** Leases and works on one range after the other, until none is left or the process stops. */
export class Worker {
  readonly number: number;
  readonly #tools: WorkerTools;
  readonly #task: WorkerTask;
  readonly #size: BatchSize;
  readonly #backoff: Backoff;
  #isBusy = false;
  /** looks in a row that found nothing to do */
  #looks = 0;

  constructor(number: number, tools: WorkerTools, task: WorkerTask, size: BatchSize) {
    this.number = number;
    this.#tools = tools;
    this.#task = task;
    this.#size = size;
    this.#backoff = new Backoff(tools.patience);
  }

  get isBusy(): boolean {
    return this.#isBusy;
  }

  get batchRows(): number {
    return this.#size.rows;
  }

  /** Works until the run is finished or the process stops; an error stops the whole process. */
  async run(): Promise<void> {
    const { stop, pace } = this.#tools;
    while (!stop.isStopping) {
      if (!pace.mayWork(this.number)) {
        if (stop.isOver) return;
        await stop.pause(spareMs);
        continue;
      }
      try {
        if (await this.#step()) return stop.end();
        this.#backoff.calm();
      } catch (error) {
        await this.#recover(error);
      }
    }
  }

  /** Works on one range, or else checks whether the run is done. Returns whether it is. */
  async #step(): Promise<boolean> {
    const { db, store, planner, events, stop } = this.#tools;
    const { run, process, leaseMs } = this.#task;
    const lease = await db.transaction((tx) => store.ranges.lease(tx, run, process, leaseMs), {
      mayBeForgotten: true,
    });
    if (lease !== null) {
      this.#looks = 0;
      await this.#work(lease);
      return false;
    }
    if (await planner.planNext()) return false;
    const finishing = await this.#tools.end.look();
    if (finishing.kind === "sweeping") events.emit({ type: "sweep started", sweep: finishing.sweep });
    if (finishing.kind === "stage done") stop.stop({ reason: "canary" });
    if (finishing.kind === "over the reject limit") stop.stop({ reason: "reject-limit" });
    if (finishing.kind === "table changed") stop.stop({ reason: "error", error: finishing.error });
    if (finishing.kind === "swallowed")
      stop.stop({ reason: "swallowed", error: await this.#swallowed(finishing.rows) });
    if (finishing.kind === "waiting") {
      if (!finishing.isPlanned) planner.planAgain();
      // The other workers are usually about to end: look again soon, then less and less often.
      const forMs = Math.min(finishing.lookAgainMs, soonMs * 2 ** this.#looks);
      this.#looks += 1;
      events.emit({ type: "worker waiting", worker: this.number, forMs });
      await stop.pause(forMs);
    }
    return finishing.kind === "succeeded";
  }

  async #swallowed(rows: number): Promise<RowsSwallowedError> {
    const suspects: string[] = [];
    for (const relation of this.#task.writes) {
      const names = await triggersBefore(this.#tools.db, relation);
      if (names.length > 0) suspects.push(`${relation.name} (${names.join(", ")})`);
    }
    return new RowsSwallowedError(rows, suspects);
  }

  async #work(lease: Lease): Promise<void> {
    const { committer, pace, events, stop, patience, locked, apply } = this.#tools;
    const { range } = lease;
    events.emit({ type: "range leased", range, worker: this.number });
    const work = new RangeLoop(lease, this.number, committer, this.#size, {
      pace,
      events,
      stop,
      apply,
      patience,
      locked,
      hasTooMany: this.#task.hasTooMany,
    });
    const renewal = this.#keepAlive(work);
    this.#isBusy = true;
    try {
      const isDone = await work.run();
      if (isDone) events.emit({ type: "range done", range, worker: this.number });
      else await this.#release(work.lease);
    } catch (error) {
      if (!(error instanceof LeaseLostError)) {
        await this.#release(work.lease);
        throw error;
      }
      events.emit({ type: "lease lost", range, worker: this.number });
    } finally {
      this.#isBusy = false;
      clearInterval(renewal);
    }
  }

  // Each commit renews the lease. This renews it during a long batch, only to save work: the fence keeps it
  // safe.
  #keepAlive(work: RangeLoop): NodeJS.Timeout {
    const { leaseMs } = this.#task;
    let seen = work.lease.batches;
    return setInterval(() => {
      const { batches } = work.lease;
      if (batches === seen) void this.#renew(work).catch(() => {});
      seen = batches;
    }, leaseMs / 3);
  }

  async #renew(work: RangeLoop): Promise<void> {
    const { db, store } = this.#tools;
    const { lease } = work;
    const renew = (tx: Transaction) => store.ranges.renew(tx, lease, this.#task.leaseMs);
    const isOurs = await db.transaction(renew, { mayBeForgotten: true });
    // The worker that has the range now asks about its rows: calls of ours would be made twice.
    if (!isOurs && work.lease === lease) work.isLost = true;
  }

  // If this fails, the lease runs out by itself.
  async #release(lease: Lease): Promise<void> {
    const { db, store, events } = this.#tools;
    await db.transaction((tx) => store.ranges.release(tx, lease), { mayBeForgotten: true }).catch(() => {});
    events.emit({ type: "range released", range: lease.range, worker: this.number });
  }

  async #recover(error: unknown): Promise<void> {
    const { stop, events } = this.#tools;
    const { action, reason, sqlstate } = classifyFailure(error);
    if (error instanceof NoProgressError || error instanceof WalkTooSlowError)
      return stop.stop({ reason: "no-progress", error });
    if (action !== "retry" && action !== "shrink") return stop.stop({ reason: "error", error });
    events.emit({ type: "worker failed", worker: this.number, reason, sqlstate });
    try {
      await stop.pause(this.#backoff.nextPauseMs(error));
    } catch (impatient) {
      stop.stop({ reason: "no-progress", error: impatient });
    }
  }
}
