import type { Standing } from "../../job/definition/reject-limit.ts";
import type { BatchBounds } from "../../source/walk.ts";
import type { Advanced, Lease } from "../../store/runs/ranges.ts";
import type { BatchCounts } from "../../store/runs/row-counts.ts";
import type { Asked, BatchOutcome } from "./batch-work.ts";
import { PhaseClock } from "./phase-clock.ts";

/** A batch that is being tried. What is known of it outlives its failure. */
export interface Attempt {
  readonly lease: Lease;
  /** check first whether the rest of the range has any row in scope: one query saves many empty batches */
  readonly looksAhead: boolean;
  /** find the sessions that hold the lock that the batch waits for */
  readonly looksForBlockers: boolean;
  blockers: readonly string[];
  readonly clock: PhaseClock;
  batchBounds: BatchBounds | null;
  /** what other systems were asked before the transaction; null where the work asks nothing */
  asked: Asked | null;
  /** whether another worker has the range by now, as far as is known */
  isLost: () => boolean;
  outcome: BatchOutcome | null;
  counts: BatchCounts | null;
}

export interface Committed {
  readonly lease: Lease;
  readonly isLast: boolean;
  /** what operators request; null when it was not read */
  readonly asked: Advanced | null;
  /** the rejects of the whole run, when this batch added some */
  readonly standing: Standing | null;
}

/** Commits the batches of a range, or, in a dry run, rolls them back. */
export interface Committer {
  begin(lease: Lease, looksAhead: boolean, looksForBlockers: boolean): Attempt;
  /**
   * Works on up to `rows` rows. Null when nothing was done: the run stops, or the first row has changed
   * while other systems were asked about it.
   * @throws LeaseLostError, CommitUnknownError, BatchTooBigError, or PostgreSQL's error
   */
  commit(attempt: Attempt, rows: number): Promise<Committed | null>;
  /** Passes over the only row of `attempt`. Null when the row is no longer next. */
  reject(attempt: Attempt, sqlstate: string | null, reason: string): Promise<Committed | null>;
  /** Whether an attempt whose COMMIT got no answer was committed after all. */
  wasCommitted(lease: Lease): Promise<boolean>;
}

/** An attempt before anything of it is known. */
export function attemptAt(lease: Lease, looksAhead: boolean, looksForBlockers = false): Attempt {
  const unknown = {
    batchBounds: null,
    asked: null,
    isLost: () => false,
    outcome: null,
    counts: null,
    blockers: [],
  };
  return { lease, looksAhead, looksForBlockers, clock: new PhaseClock(), ...unknown };
}

/** The lease after a batch with these bounds was committed. */
export function advanced(lease: Lease, batchBounds: BatchBounds): Lease {
  return { ...lease, checkpoint: batchBounds.through, batches: lease.batches + 1 };
}
