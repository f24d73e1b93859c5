import type { Standing } from "../../job/definition/reject-limit.ts";
import type { BatchBounds } from "../../source/walk.ts";
import type { Advanced, Lease } from "../../store/runs/ranges.ts";
import type { BatchCounts } from "../../store/runs/row-counts.ts";
import type { BatchOutcome } from "./batch-work.ts";
import { PhaseClock } from "./phase-clock.ts";

/** A batch that is being tried; what is known of it survives its failure. */
export interface Attempt {
  readonly lease: Lease;
  /** look first whether the rest of the range holds any row in scope: one glance instead of many batches of nothing */
  readonly looksAhead: boolean;
  /** look who holds the lock that the batch waits for */
  readonly looksForBlockers: boolean;
  blockers: readonly string[];
  readonly clock: PhaseClock;
  batchBounds: BatchBounds | null;
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
  const unknown = { batchBounds: null, outcome: null, counts: null, blockers: [] };
  return { lease, looksAhead, looksForBlockers, clock: new PhaseClock(), ...unknown };
}

/** The lease as it stands after a batch through these bounds was committed. */
export function advanced(lease: Lease, batchBounds: BatchBounds): Lease {
  return { ...lease, checkpoint: batchBounds.through, batches: lease.batches + 1 };
}
