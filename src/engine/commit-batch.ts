import { NotCommittedError } from "../errors.ts";
import type { Standing } from "../job/reject-limit.ts";
import { describeBlockers } from "../postgres/blocking-sessions.ts";
import type { Database, Transaction } from "../postgres/database.ts";
import type { Bounds, KeyText } from "../postgres/key.ts";
import { join, type Sql } from "../postgres/sql.ts";
import type { LeasedBounds, Stretch } from "../source/walk.ts";
import type { BatchCounts } from "../store/batch-counts.ts";
import type { Advanced, Lease } from "../store/ranges.ts";
import type { Store } from "../store/store.ts";
import { batchName } from "./batch-name.ts";
import type { BatchPace } from "./batch-pace.ts";
import { type BatchOutcome, nothingDone } from "./batch-work.ts";
import { countBatch } from "./count-batch.ts";
import { batchBytes, batchLimits } from "./limits.ts";
import { PhaseClock } from "./phase-clock.ts";
import type { RunTables } from "./run-tables.ts";
import type { RunTask } from "./run-task.ts";

/** A batch that is being tried; what is known of it survives its failure. */
export interface Attempt {
  readonly lease: Lease;
  /** look first whether the rest of the range holds any row in scope: one glance instead of many batches of nothing */
  readonly looksAhead: boolean;
  /** look who holds the lock that the batch waits for */
  readonly looksForBlockers: boolean;
  blockers: readonly string[];
  readonly clock: PhaseClock;
  stretch: Stretch | null;
  outcome: BatchOutcome | null;
  counts: BatchCounts | null;
}

export interface Committed {
  readonly lease: Lease;
  readonly isLast: boolean;
  /** what operators ask for; null when it was not read */
  readonly asked: Advanced | null;
  /** how the whole run stands, when this batch added rejects */
  readonly standing: Standing | null;
}

/** Commits the batches of a range, or seems to. */
export interface Committer {
  begin(lease: Lease, looksAhead: boolean, looksForBlockers: boolean): Attempt;
  /** Works on up to `rows` rows. @throws LeaseLostError, CommitUnknownError, BatchTooBigError, or PostgreSQL's error */
  commit(attempt: Attempt, rows: number): Promise<Committed>;
  /** Passes over the one row that stands alone in `attempt`. Null when the row is no longer next. */
  reject(attempt: Attempt, sqlstate: string | null, reason: string): Promise<Committed | null>;
  /** Whether an attempt whose COMMIT got no answer is there after all. */
  wasCommitted(lease: Lease): Promise<boolean>;
}

/** An attempt before anything of it is known. */
export function attemptAt(lease: Lease, looksAhead: boolean, looksForBlockers = false): Attempt {
  const unknown = { stretch: null, outcome: null, counts: null, blockers: [] };
  return { lease, looksAhead, looksForBlockers, clock: new PhaseClock(), ...unknown };
}

/**
 * THE transaction: what a batch wrote, what it rejected, and how far the range has come are committed together or not at all.
 * After a crash the range continues right after the last batch committed here.
 */
export class BatchCommitter implements Committer {
  readonly #db: Database;
  readonly #store: Store;
  readonly #task: Pick<RunTask, "walk" | "work" | "ofRejects" | "guards">;
  readonly #tables: RunTables;
  readonly #job: string;
  readonly #timing: {
    readonly pace: Pick<BatchPace, "batchTimeMs">;
    readonly deadlockTimeoutMs: number;
    readonly leaseMs: number;
  };

  constructor(
    db: Database,
    store: Store,
    job: string,
    task: Pick<RunTask, "walk" | "work" | "ofRejects" | "guards">,
    tables: RunTables,
    timing: {
      readonly pace: Pick<BatchPace, "batchTimeMs">;
      readonly deadlockTimeoutMs: number;
      readonly leaseMs: number;
    },
  ) {
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

  /** Works on up to `rows` rows and commits. @throws LeaseLostError, CommitUnknownError, BatchTooBigError, or PostgreSQL's error */
  async commit(attempt: Attempt, rows: number): Promise<Committed> {
    const { lease, clock } = attempt;
    return this.#timed(attempt, rows, async (tx) => {
      if (attempt.looksForBlockers) this.#lookForBlockers(attempt, await tx.pid(), rows);
      const asSeen = this.#asSeen();
      const stretch = await clock.during("read", () => this.#stretch(tx, attempt, rows));
      attempt.stretch = stretch;
      const bounds: Bounds = { after: lease.checkpoint, through: stretch.through };
      const batch = { bounds, expected: stretch.walked, sweep: lease.sweep, clock };
      attempt.outcome = stretch.isEmpty ? nothingDone : await this.#taskOf(lease).work.do(tx, batch);
      return this.#advance(tx, attempt, stretch, attempt.outcome, asSeen);
    });
  }

  /** The condition that tables and triggers are as this batch knows them: another batch may learn more while it works. */
  #asSeen(): Sql {
    return join([this.#tables.condition, ...this.#task.guards.map(({ condition }) => condition)], " and ");
  }

  /** A transaction whose COMMIT is measured by itself. */
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

  /** From another session, while the batch waits; it only looks, so no batch fails with it. */
  #lookForBlockers(attempt: Attempt, pid: Sql, rows: number): void {
    const { lockMs } = this.#limits(attempt.lease, rows);
    const look = async (): Promise<void> => {
      const found = await describeBlockers(this.#db, pid);
      if (found.length > 0) attempt.blockers = found;
    };
    setTimeout(() => void look().catch(() => {}), lockMs / 2).unref();
  }

  #taskOf({ isOfRejects }: Lease): Pick<RunTask, "walk" | "work"> {
    return (isOfRejects ? this.#task.ofRejects : null) ?? this.#task;
  }

  async #stretch(tx: Transaction, { lease, looksAhead }: Attempt, rows: number): Promise<Stretch> {
    const rest = remaining(lease);
    const { walk } = this.#taskOf(lease);
    if (looksAhead && !(await walk.hasRows(tx, rest))) {
      // All of it was looked at, so it counts as walked; what is left of it when others have begun, nobody has counted.
      return {
        through: rest.through,
        walked: lease.batches === 0 ? (lease.planned ?? 0) : 0,
        isLast: true,
        isEmpty: true,
      };
    }
    return walk.stretch(tx, rest, rows, batchBytes);
  }

  /** Passes over the one row that stands alone in `attempt`, keeping it as a reject. Null when the row is no longer next. */
  async reject(attempt: Attempt, sqlstate: string | null, reason: string): Promise<Committed | null> {
    const { lease } = attempt;
    return this.#timed(attempt, 1, async (tx) => {
      const { walk, work } = this.#taskOf(lease);
      const stretch = await walk.stretch(tx, remaining(lease), 1, batchBytes);
      if (stretch.walked !== 1 || !isSameKey(stretch.through, attempt.stretch?.through)) return null;
      attempt.stretch = stretch;
      const place = stretch.through ?? [];
      const key = (await work.keyAt?.(tx, place)) ?? place;
      const rejects = [{ key, sqlstate, reason: work.reasonAt?.(key, reason) ?? reason }];
      attempt.outcome = { ...nothingDone, read: 1, rejects };
      return this.#advance(tx, attempt, stretch, attempt.outcome, this.#asSeen());
    });
  }

  /** Whether an attempt whose COMMIT got no answer is there after all. */
  async wasCommitted(lease: Lease): Promise<boolean> {
    // The question writes nothing, and waits for no standby.
    return this.#db.transaction((tx) => this.#store.ranges.wasCommitted(tx, lease), { mayBeForgotten: true });
  }

  async #advance(
    tx: Transaction,
    attempt: Attempt,
    stretch: Stretch,
    outcome: BatchOutcome,
    asSeen: Sql,
  ): Promise<Committed> {
    const { lease } = attempt;
    const fresh = await this.#store.rejects.add(tx, lease.run, lease.range, outcome.rejects);
    await this.#store.rejects.add(tx, lease.run, lease.range, outcome.notes);
    const counts = countBatch(lease.sweep, stretch, outcome, fresh);
    attempt.counts = counts;
    // The last write, and undoing all of the above when the lease is no longer ours.
    const { leaseMs } = this.#timing;
    const asked = await this.#store.ranges.advance(tx, lease, stretch, counts, leaseMs, asSeen);
    if (!asked.isSame) {
      for (const guard of this.#task.guards) await guard.look(tx);
      throw (await this.#tables.change(tx)) ?? new NotCommittedError("a table or a trigger that was another");
    }
    // After it, so that a share of the rows read is judged with this batch's rows among them.
    const standing = fresh.rejected > 0 ? await this.#store.rejects.standing(tx, lease.run) : null;
    return { lease: advanced(lease, stretch), isLast: stretch.isLast, asked, standing };
  }

  #limits({ run, range }: Lease, rows: number) {
    const { pace, deadlockTimeoutMs } = this.#timing;
    const name = batchName(this.#job, run, range);
    return { ...batchLimits(pace.batchTimeMs, deadlockTimeoutMs, rows), name };
  }
}

/** The lease as it stands after a batch through `stretch` was committed. */
export function advanced(lease: Lease, stretch: Stretch): Lease {
  return { ...lease, checkpoint: stretch.through, batches: lease.batches + 1 };
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
