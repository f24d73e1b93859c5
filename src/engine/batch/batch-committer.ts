import { JobError, NotCommittedError, SwallowedError } from "../../errors.ts";
import type { Bounds, KeyText } from "../../postgres/catalog/key.ts";
import { hasCome, type TriggerGuard } from "../../postgres/catalog/trigger-guard.ts";
import { join, type Sql } from "../../postgres/sql/sql.ts";
import { describeBlockers } from "../../postgres/transaction/blocking-sessions.ts";
import type { Database, Transaction } from "../../postgres/transaction/database.ts";
import type { BatchBounds, LeasedBounds } from "../../source/walk.ts";
import type { Lease } from "../../store/runs/ranges.ts";
import type { Session } from "../../store/session.ts";
import type { Store } from "../../store/store.ts";
import { askFirst, confirmedBounds } from "./ask-first.ts";
import { batchBytes, batchLimits } from "./batch-limits.ts";
import { batchName } from "./batch-name.ts";
import type { BatchPace } from "./batch-pace.ts";
import { type AskControl, type Batch, type BatchOutcome, nothingDone } from "./batch-work.ts";
import { type Attempt, advanced, attemptAt, type Committed, type Committer } from "./committer.ts";
import { countBatch } from "./count-batch.ts";
import type { RunTables } from "./run-tables.ts";
import type { RunTask } from "./run-task.ts";

/** What a batch assumes; its last statement checks `condition`. */
interface Seen {
  readonly absent: readonly TriggerGuard[];
  readonly condition: Sql;
}

/** What a batch has done, before its commit. */
interface Done {
  readonly batchBounds: BatchBounds;
  readonly outcome: BatchOutcome;
}

/**
 * THE transaction: the writes of a batch, its rejects and the range's checkpoint are committed together or
 * not at all. After a crash the range continues right after the last batch committed here.
 */
export class BatchCommitter implements Committer {
  readonly #db: Database;
  readonly #store: Store;
  readonly #task: Pick<RunTask, "walk" | "work" | "ofRejects" | "guards">;
  readonly #tables: RunTables;
  readonly #job: string;
  readonly #timing: {
    readonly pace: Pick<BatchPace, "limitMs">;
    readonly deadlockTimeoutMs: number;
    readonly leaseMs: number;
  };
  readonly #control: AskControl;

  constructor(
    { db, store }: Session,
    job: string,
    task: Pick<RunTask, "walk" | "work" | "ofRejects" | "guards">,
    tables: RunTables,
    timing: {
      readonly pace: Pick<BatchPace, "limitMs">;
      readonly deadlockTimeoutMs: number;
      readonly leaseMs: number;
    },
    control: AskControl,
  ) {
    this.#control = control;
    this.#db = db;
    this.#store = store;
    this.#job = job;
    this.#task = task;
    this.#tables = tables;
    this.#timing = timing;
  }

  /** An attempt at the next batch of a leased range. */
  begin(lease: Lease, looksAhead: boolean, looksForBlockers: boolean): Attempt {
    return attemptAt(lease, looksAhead, looksForBlockers);
  }

  /**
   * Asks other systems where the work does, then works on up to `rows` rows and commits.
   * @throws LeaseLostError, CommitUnknownError, BatchTooBigError, or PostgreSQL's error
   */
  async commit(attempt: Attempt, rows: number): Promise<Committed | null> {
    const { lease, clock } = attempt;
    const { work, walk } = this.#openTask(lease);
    const asksFirst = work.look !== undefined;
    const next = (tx: Transaction) => this.#nextBatch(tx, attempt, rows);
    const asking = { next, limits: this.#limits(lease, rows), control: this.#control };
    if (!(await askFirst(this.#db, attempt, work, asking))) return null;
    return this.#timed(attempt, rows, async (tx) => {
      if (attempt.looksForBlockers) this.#lookForBlockers(attempt, await tx.pid(), rows);
      const seen = this.#seen();
      const batchBounds = await clock.during("read", () =>
        asksFirst ? confirmedBounds(tx, attempt, walk, remaining(lease)) : next(tx),
      );
      if (batchBounds === null) return null;
      attempt.batchBounds = batchBounds;
      const bounds: Bounds = { after: lease.checkpoint, through: batchBounds.through };
      const batch = {
        bounds,
        expected: batchBounds.walked,
        sweep: lease.sweep,
        clock,
        asked: attempt.asked,
      };
      attempt.outcome = batchBounds.isEmpty ? nothingDone : await this.#work(tx, lease, batch, seen);
      return this.#advance(tx, attempt, { batchBounds, outcome: attempt.outcome }, seen);
    });
  }

  /** The tables and triggers as this batch knows them, since another batch may find changes meanwhile. */
  #seen(): Seen {
    const absent = this.#task.guards.filter(({ isThere }) => !isThere);
    const conditions = [this.#tables.condition, ...absent.map(({ condition }) => condition)];
    return { absent, condition: join(conditions, " and ") };
  }

  async #work(tx: Transaction, lease: Lease, batch: Batch, { absent }: Seen): Promise<BatchOutcome> {
    try {
      return await this.#openTask(lease).work.do(tx, batch);
    } catch (error) {
      // What looks like the job's fault may be due to a trigger that was just created.
      const mayBeTriggers = error instanceof JobError || error instanceof SwallowedError;
      if (mayBeTriggers && (await hasCome(tx, absent)))
        throw new NotCommittedError("a trigger was created during its write");
      throw error;
    }
  }

  /** Runs a transaction and measures its COMMIT separately. */
  async #timed<T>(
    { lease, clock }: Attempt,
    rows: number,
    work: (tx: Transaction) => Promise<T>,
  ): Promise<T> {
    try {
      return await this.#db.transaction(
        async (tx) => {
          const result = await work(tx);
          clock.commits();
          return result;
        },
        this.#limits(lease, rows),
      );
    } finally {
      clock.ends();
    }
  }

  /** Looks from another session while the batch waits. A failure of the look is ignored. */
  #lookForBlockers(attempt: Attempt, pid: Sql, rows: number): void {
    const { lockMs } = this.#limits(attempt.lease, rows);
    const look = async (): Promise<void> => {
      const found = await describeBlockers(this.#db, pid);
      if (found.length > 0) attempt.blockers = found;
    };
    setTimeout(() => void look().catch(() => {}), lockMs / 2).unref();
  }

  #openTask({ isOfRejects }: Lease): Pick<RunTask, "walk" | "work"> {
    return (isOfRejects ? this.#task.ofRejects : null) ?? this.#task;
  }

  async #nextBatch(tx: Transaction, { lease, looksAhead }: Attempt, rows: number): Promise<BatchBounds> {
    const rest = remaining(lease);
    const { walk } = this.#openTask(lease);
    if (looksAhead && !(await walk.hasRows(tx, rest))) {
      // The rest of the range has no row in scope. Its planned keys count as walked in its first batch only:
      // how many keys are left of a range is not known.
      return {
        through: rest.through,
        walked: lease.batches === 0 ? (lease.planned ?? 0) : 0,
        isLast: true,
        isEmpty: true,
      };
    }
    return walk.nextBatch(tx, rest, rows, batchBytes);
  }

  /** Passes over the only row of `attempt` and stores a reject. Null when the row is no longer next. */
  async reject(attempt: Attempt, sqlstate: string | null, reason: string): Promise<Committed | null> {
    const { lease } = attempt;
    return this.#timed(attempt, 1, async (tx) => {
      const { walk, work } = this.#openTask(lease);
      const batchBounds = await walk.nextBatch(tx, remaining(lease), 1, batchBytes);
      if (batchBounds.walked !== 1 || !isSameKey(batchBounds.through, attempt.batchBounds?.through))
        return null;
      attempt.batchBounds = batchBounds;
      const place = batchBounds.through ?? [];
      const key = (await work.keyAt?.(tx, place)) ?? place;
      const rejects = [{ key, sqlstate, reason: work.reasonAt?.(key, reason) ?? reason }];
      attempt.outcome = { ...nothingDone, read: 1, rejects };
      return this.#advance(tx, attempt, { batchBounds, outcome: attempt.outcome }, this.#seen());
    });
  }

  /** Whether an attempt whose COMMIT got no answer was committed after all. */
  async wasCommitted(lease: Lease): Promise<boolean> {
    // The query writes nothing, so it need not wait for a standby.
    return this.#db.transaction((tx) => this.#store.ranges.wasCommitted(tx, lease), { mayBeForgotten: true });
  }

  async #advance(
    tx: Transaction,
    attempt: Attempt,
    { batchBounds, outcome }: Done,
    seen: Seen,
  ): Promise<Committed> {
    const { lease } = attempt;
    const fresh = await this.#store.rejects.add(tx, lease.run, lease.range, outcome.rejects);
    await this.#store.rejects.add(tx, lease.run, lease.range, outcome.notes);
    const counts = countBatch(lease.sweep, batchBounds, outcome, fresh);
    attempt.counts = counts;
    // The fence: the last write, which rolls everything back when the lease is no longer ours.
    const { leaseMs } = this.#timing;
    const asked = await this.#store.ranges.advance(
      tx,
      lease,
      { ...batchBounds, counts, leaseMs },
      seen.condition,
    );
    if (!asked.isSame) {
      await hasCome(tx, seen.absent);
      throw (
        (await this.#tables.change(tx)) ??
        new NotCommittedError("a table was replaced or a trigger was created during its write")
      );
    }
    // Read after the counts are stored, so that a reject limit as a share of rows counts this batch's rows.
    const standing = fresh.rejected > 0 ? await this.#store.rejects.standing(tx, lease.run) : null;
    return { lease: advanced(lease, batchBounds), isLast: batchBounds.isLast, asked, standing };
  }

  #limits({ run, range }: Lease, rows: number) {
    const { pace, deadlockTimeoutMs } = this.#timing;
    const name = batchName(this.#job, run, range);
    return { ...batchLimits(pace.limitMs, deadlockTimeoutMs, rows), name };
  }
}

function remaining(lease: Lease): LeasedBounds {
  return { after: lease.checkpoint, through: lease.through, token: lease.token };
}

function isSameKey(left: KeyText | null, right: KeyText | null | undefined): boolean {
  return (
    left !== null &&
    right != null &&
    left.length === right.length &&
    left.every((text, index) => text === right[index])
  );
}
