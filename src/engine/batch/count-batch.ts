import { swallowedState } from "../../postgres/failure/failure.ts";
import type { BatchBounds } from "../../source/walk.ts";
import type { Reject, RejectCounts } from "../../store/rejects/rejects.ts";
import type { BatchCounts } from "../../store/runs/row-counts.ts";
import type { BatchOutcome } from "./batch-work.ts";

/** Counts a batch. A sweep meets skipped, rejected and unchanged rows again: only their changes count. */
export function countBatch(
  sweep: number,
  { walked }: BatchBounds,
  outcome: BatchOutcome,
  fresh: RejectCounts,
): BatchCounts {
  const { read, written, unchanged, skipped, conflicted, freed } = outcome;
  if (sweep === 0) {
    const swallowed = fresh.swallowed + outcome.swallowed;
    return { walked, read, written, unchanged, skipped, conflicted, rejected: fresh.rejected, swallowed };
  }
  // An earlier reject already counts as read. Now it counts as what has become of it.
  const rejected = fresh.rejected - (freed?.rejected ?? 0);
  const swallowed = fresh.swallowed - (freed?.swallowed ?? 0);
  const again =
    freed === null ? { unchanged: 0, skipped: 0, conflicted: 0 } : { unchanged, skipped, conflicted };
  const total = written + again.unchanged + again.skipped + again.conflicted + rejected + swallowed;
  return { walked, read: Math.max(0, total), written, ...again, rejected, swallowed };
}

/** Counts rejects by kind. */
export function countByKind(rejects: readonly Pick<Reject, "sqlstate">[]): RejectCounts {
  const swallowed = rejects.filter(({ sqlstate }) => sqlstate === swallowedState).length;
  return { rejected: rejects.length - swallowed, swallowed };
}
