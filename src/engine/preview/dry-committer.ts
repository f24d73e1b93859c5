import { SwallowedError } from "../../errors.ts";
import type { OpenedJob } from "../../plan/open/opened-job.ts";
import type { Database, Transaction } from "../../postgres/transaction/database.ts";
import { type MeasuredWrites, MeasuringQueryable } from "../../postgres/transaction/measuring-queryable.ts";
import type { BatchBounds } from "../../source/walk.ts";
import type { Lease } from "../../store/runs/ranges.ts";
import { type BatchCounts, eachCount, noCounts } from "../../store/runs/row-counts.ts";
import { askFirst, confirmedBounds } from "../batch/ask-first.ts";
import { batchBytes, batchLimits } from "../batch/batch-limits.ts";
import { type AskControl, nothingDone } from "../batch/batch-work.ts";
import { type Attempt, advanced, attemptAt, type Committed, type Committer } from "../batch/committer.ts";
import { countBatch, countByKind } from "../batch/count-batch.ts";
import type { RunTask } from "../batch/run-task.ts";
import { createDryLog, readSamples, type Sample } from "./read-samples.ts";

const rejectsShown = 5;

interface Timing {
  readonly batchTimeMs: number;
  readonly deadlockTimeoutMs: number;
  /** rows after which the dry run ends */
  readonly limit: number;
}

/** Runs real batches and rolls each back. Counts their rows; measures and shows the first that writes any. */
export class DryCommitter implements Committer {
  readonly #db: Database;
  readonly #opened: OpenedJob;
  readonly #task: RunTask;
  readonly #timing: Timing;
  readonly #control: AskControl;
  counts: BatchCounts = noCounts;
  measured: MeasuredWrites = { walBytes: 0, triggers: [] };
  /** rows that the measured batch wrote */
  measuredRows = 0;
  samples: readonly Sample[] = [];
  /** reasons of rejects, each once */
  readonly #reasons = new Set<string>();
  batches = 0;

  constructor(db: Database, opened: OpenedJob, task: RunTask, timing: Timing, control: AskControl) {
    this.#db = db;
    this.#opened = opened;
    this.#task = task;
    this.#timing = timing;
    this.#control = control;
  }

  get rejects(): readonly string[] {
    return [...this.#reasons].slice(0, rejectsShown);
  }

  begin(lease: Lease): Attempt {
    return attemptAt(lease, false);
  }

  async commit(attempt: Attempt, rows: number): Promise<Committed | null> {
    const { batchTimeMs, deadlockTimeoutMs, limit } = this.#timing;
    const size = Math.min(rows, Math.max(1, limit - this.counts.read));
    const limits = batchLimits(batchTimeMs, deadlockTimeoutMs, size);
    const { work } = this.#task;
    const next = (tx: Transaction) => this.#nextBatch(tx, attempt, size);
    const asking = { next, limits, control: this.#control };
    if (!(await askFirst(this.#db, attempt, work, asking))) return null;
    const committed = await this.#db.rolledBack((tx) => this.#batch(tx, attempt, size), limits);
    const written = attempt.counts?.written ?? 0;
    if (this.measuredRows === 0 && written > 0) {
      const whole = { ...limits, statementMs: 10 * limits.statementMs, wholeMs: 10 * limits.wholeMs };
      await this.#db.rolledBack((tx) => this.#measure(tx, attempt), whole);
      this.measuredRows = written;
    }
    return committed;
  }

  async #batch(tx: Transaction, attempt: Attempt, rows: number): Promise<Committed | null> {
    const { lease, clock, asked } = attempt;
    const { walk, work } = this.#task;
    await createDryLog(tx, this.#opened);
    const rest = { after: lease.checkpoint, through: null };
    const batchBounds = await clock.during("read", () =>
      work.look === undefined ? this.#nextBatch(tx, attempt, rows) : confirmedBounds(tx, attempt, walk, rest),
    );
    if (batchBounds === null) return null;
    attempt.batchBounds = batchBounds;
    const bounds = { after: lease.checkpoint, through: batchBounds.through };
    const outcome = batchBounds.isEmpty
      ? nothingDone
      : await work.do(tx, {
          bounds,
          expected: batchBounds.walked,
          sweep: 0,
          clock,
          asked,
        });
    attempt.outcome = outcome;
    attempt.counts = countBatch(0, batchBounds, outcome, countByKind(outcome.rejects));
    if (this.measuredRows === 0 && outcome.written > 0) this.samples = await readSamples(tx, this.#opened);
    this.#count(attempt.counts);
    for (const { reason } of outcome.rejects) this.#reasons.add(reason);
    return this.#committed(attempt, batchBounds.isLast || this.counts.read >= this.#timing.limit);
  }

  #nextBatch(tx: Transaction, { lease }: Attempt, rows: number): Promise<BatchBounds> {
    return this.#task.walk.nextBatch(tx, { after: lease.checkpoint, through: null }, rows, batchBytes);
  }

  /** Runs a batch again, with each statement under `explain`. */
  async #measure(tx: Transaction, { lease, batchBounds, clock, asked }: Attempt): Promise<void> {
    if (batchBounds === null) return;
    await createDryLog(tx, this.#opened);
    const bounds = { after: lease.checkpoint, through: batchBounds.through };
    const measuring = new MeasuringQueryable(tx);
    const batch = { bounds, expected: batchBounds.walked, sweep: 0, clock, asked };
    await this.#task.work.do(tx.observedBy(measuring), batch).catch((error: unknown) => {
      // Under `explain` a write returns no rows, so to a move all of them look swallowed.
      if (!(error instanceof SwallowedError)) throw error;
    });
    this.measured = measuring.measured;
  }

  /** Counts a row as a reject and passes over it. */
  async reject(attempt: Attempt, sqlstate: string | null, reason: string): Promise<Committed | null> {
    const { batchBounds } = attempt;
    if (batchBounds === null) return null;
    const { through } = batchBounds;
    this.#reasons.add((through !== null && this.#task.work.reasonAt?.(through, reason)) || reason);
    const counts = countBatch(0, batchBounds, { ...nothingDone, read: 1 }, countByKind([{ sqlstate }]));
    attempt.counts = counts;
    this.#count(counts);
    return this.#committed(attempt, batchBounds.isLast);
  }

  /** A dry run commits nothing. */
  async wasCommitted(): Promise<boolean> {
    return false;
  }

  #committed({ lease, batchBounds }: Attempt, isLast: boolean): Committed {
    if (batchBounds === null) throw new Error("A batch without bounds cannot be passed over.");
    return { lease: advanced(lease, batchBounds), isLast, asked: null, standing: null };
  }

  #count(counts: BatchCounts): void {
    this.batches += 1;
    this.counts = eachCount((name) => this.counts[name] + counts[name]);
  }
}
