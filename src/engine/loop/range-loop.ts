import {
  BatchTooBigError,
  CommitUnknownError,
  LeaseLostError,
  messageOf,
  RejectNotKeptError,
} from "../../errors.ts";
import type { Standing } from "../../job/definition/reject-limit.ts";
import {
  classifyFailure,
  describeWithoutValues,
  type Failure,
  isLockTableFull,
} from "../../postgres/failure/failure.ts";
import type { Advanced, Lease } from "../../store/runs/ranges.ts";
import type { BatchPace } from "../batch/batch-pace.ts";
import { type Attempt, advanced, type Committed, type Committer } from "../batch/committer.ts";
import type { Events } from "../report/events.ts";
import { Backoff, type Patience } from "./backoff.ts";
import type { BatchSize } from "./batch-size.ts";
import { PoisonSearch } from "./poison-search.ts";
import type { StopSignal } from "./stop-signal.ts";
import { LockedRows, StuckRow } from "./stuck-row.ts";

/** What a loop obeys and informs. */
export interface LoopControl {
  readonly pace: BatchPace;
  readonly events: Events;
  readonly stop: StopSignal;
  readonly patience: Patience;
  /** whether the run has more rejects than it may have while it goes over its rows */
  readonly hasTooMany: (standing: Standing) => boolean;
  readonly locked: LockedRows;
  /** applies what an operator has requested, as read by the last commit */
  readonly apply: (asked: Advanced) => void;
}

/** The one loop: batch after batch of a leased range, until the range is done or the process stops. */
export class RangeLoop {
  readonly #committer: Committer;
  readonly #size: BatchSize;
  readonly #worker: number;
  readonly #control: LoopControl;
  readonly #poisonSearch = new PoisonSearch();
  readonly #backoff: Backoff;
  readonly #stuck: StuckRow;
  #lease: Lease;
  #looksAhead = true;
  /** whether another worker has the range by now, as far as is known */
  isLost = false;

  constructor(lease: Lease, worker: number, committer: Committer, size: BatchSize, control: LoopControl) {
    this.#stuck = new StuckRow(lease.isOfRejects ? new LockedRows() : control.locked);
    this.#lease = lease;
    this.#committer = committer;
    this.#size = size;
    this.#worker = worker;
    this.#control = control;
    this.#backoff = new Backoff(control.patience);
  }

  /** The lease as the last commit left it. */
  get lease(): Lease {
    return this.#lease;
  }

  /**
   * Works until the range is done, or this worker must stop. Returns whether the range is done.
   * @throws LeaseLostError, or an error that stops the run
   */
  async run(): Promise<boolean> {
    while (!this.#control.stop.isStopping) {
      if (!this.#control.pace.mayWork(this.#worker)) return false;
      const waitMs = this.#control.pace.waitMs();
      if (waitMs > 0) {
        // Waiting on purpose is not a lack of progress.
        this.#control.patience.renew();
        await this.#control.stop.pause(waitMs);
        continue;
      }
      const committed = await this.#nextBatch();
      if (committed?.isLast === true) return true;
    }
    return false;
  }

  async #nextBatch(): Promise<Committed | null> {
    const rows = this.#poisonSearch.limit(this.#size.rows);
    const attempt = this.#committer.begin(this.#lease, this.#looksAhead, this.#stuck.isLocked);
    attempt.isLost = () => this.isLost;
    try {
      const committed = await this.#committer.commit(attempt, rows);
      if (committed === null) return null;
      this.#looksAhead = false;
      const walked = attempt.batchBounds?.walked ?? 0;
      if (attempt.batchBounds?.isEmpty === false) {
        const atLeast = attempt.outcome?.isAsync === true ? this.#size.atOnce : 1;
        this.#size.observe(walked, attempt.clock.totalMs, atLeast);
      }
      this.#poisonSearch.passed(walked);
      this.#control.pace.worked(walked, attempt.clock.totalMs);
      return this.#settle(attempt, committed);
    } catch (error) {
      return this.#recover(error, attempt, rows);
    }
  }

  #settle(attempt: Attempt, committed: Committed): Committed {
    this.#backoff.reset();
    this.#stuck.passed();
    this.#lease = committed.lease;
    const { range } = this.#lease;
    if (attempt.counts !== null) {
      this.#control.events.emit({
        type: "batch committed",
        range,
        counts: attempt.counts,
        seconds: attempt.clock.seconds(),
      });
    }
    for (const { sqlstate, reason } of attempt.outcome?.rejects ?? []) {
      this.#control.events.emit({ type: "row rejected", range, sqlstate, reason });
    }
    if (committed.asked !== null) this.#control.apply(committed.asked);
    if (committed.standing !== null && this.#control.hasTooMany(committed.standing))
      this.#control.stop.stop({ reason: "reject-limit" });
    return committed;
  }

  async #recover(error: unknown, attempt: Attempt, rows: number): Promise<Committed | null> {
    if (error instanceof LeaseLostError) throw error;
    if (error instanceof CommitUnknownError) return this.#resolve(error, attempt);
    if (error instanceof BatchTooBigError) return this.#tooBig(error, attempt, rows);
    const failure = classifyFailure(error);
    const walked = attempt.batchBounds?.walked ?? null;
    this.#failed(failure, walked ?? rows, attempt.blockers);
    // Looking ahead over the whole range may be what timed out, or met a row that the condition fails on.
    this.#looksAhead = false;
    if (failure.action === "stop") throw error;
    if (failure.action === "reject") return this.#isolate(error, failure, attempt, rows);
    if (isLockTableFull(error)) this.#control.pace.locksRanOut();
    else if (failure.action === "shrink") {
      const aside = rows === 1 && walked === 1 ? this.#stuck.failed(failure, attempt.blockers) : null;
      if (aside !== null) return this.#passOver(attempt, aside.sqlstate, aside.reason);
      this.#size.shrink();
    }
    await this.#control.stop.pause(this.#backoff.nextPauseMs(error, attempt.blockers));
    return null;
  }

  // The range's row in the store shows, under its lock, how the commit ended. Try until the store can be
  // asked.
  async #resolve(error: CommitUnknownError, attempt: Attempt): Promise<Committed | null> {
    this.#failed(
      { action: "retry", reason: "connection", sqlstate: null },
      attempt.batchBounds?.walked ?? null,
    );
    for (let obstacle: unknown = error; ; ) {
      await this.#control.stop.pause(this.#backoff.nextPauseMs(obstacle));
      try {
        const isThere = await this.#committer.wasCommitted(attempt.lease);
        this.#control.events.emit({
          type: "commit resolved",
          range: attempt.lease.range,
          outcome: isThere ? "committed" : "rolled back",
        });
        if (!isThere || attempt.batchBounds === null) return null;
        const lease = advanced(attempt.lease, attempt.batchBounds);
        return this.#settle(attempt, {
          lease,
          isLast: attempt.batchBounds.isLast,
          asked: null,
          standing: null,
        });
      } catch (failure) {
        if (failure instanceof LeaseLostError || classifyFailure(failure).action === "stop") throw failure;
        if (this.#control.stop.isStopping) return null;
        obstacle = failure;
      }
    }
  }

  async #tooBig(error: BatchTooBigError, attempt: Attempt, rows: number): Promise<Committed | null> {
    const walked = attempt.batchBounds?.walked ?? rows;
    this.#control.events.emit({
      type: "batch failed",
      range: this.#lease.range,
      reason: "size",
      action: "shrink",
      sqlstate: null,
      rows: walked,
      blockers: [],
    });
    if (walked <= 1 && rows === 1)
      return this.#passOver(attempt, null, `the transform took too long: ${messageOf(error)}`);
    if (walked <= 1) {
      this.#poisonSearch.failed(2);
      return null;
    }
    this.#size.shrink();
    // A batch cut short by bytes is far smaller than its wanted size: halve its actual size.
    while (this.#size.rows > walked) this.#size.shrink();
    return null;
  }

  async #isolate(
    error: unknown,
    failure: Failure,
    attempt: Attempt,
    rows: number,
  ): Promise<Committed | null> {
    // Not even the key of the next row could be found, so there is no row to pass over.
    if (attempt.batchBounds === null && rows === 1 && !attempt.looksAhead) throw error;
    // Halve until one row is wanted: a larger batch that found one row may end at the range's end, not at the
    // row's key.
    if (rows > 1 || attempt.batchBounds === null) {
      this.#poisonSearch.failed(Math.max(2, attempt.batchBounds?.walked ?? rows));
      return null;
    }
    return this.#passOver(attempt, failure.sqlstate, describeWithoutValues(error));
  }

  async #passOver(attempt: Attempt, sqlstate: string | null, reason: string): Promise<Committed | null> {
    try {
      const committed = await this.#committer.reject(attempt, sqlstate, reason);
      if (committed === null) return null;
      this.#poisonSearch.found();
      return this.#settle(attempt, committed);
    } catch (error) {
      return this.#notKept(error, attempt);
    }
  }

  /** Waits if a reject could not be stored, but may be later. @throws RejectNotKeptError otherwise */
  async #notKept(error: unknown, attempt: Attempt): Promise<Committed | null> {
    if (error instanceof LeaseLostError) throw error;
    if (error instanceof CommitUnknownError) return this.#resolve(error, attempt);
    const failure = classifyFailure(error);
    this.#failed(failure, 1);
    if (failure.action === "stop" || failure.action === "reject")
      throw new RejectNotKeptError(describeWithoutValues(error), error);
    await this.#control.stop.pause(this.#backoff.nextPauseMs(error));
    return null;
  }

  #failed(failure: Failure, rows: number | null, blockers: readonly string[] = []): void {
    this.#control.events.emit({ type: "batch failed", range: this.#lease.range, ...failure, rows, blockers });
  }
}
