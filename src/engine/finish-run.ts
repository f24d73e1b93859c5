import { exceeds } from "../job/reject-limit.ts";
import type { Database } from "../postgres/database.ts";
import { raw, sql } from "../postgres/sql.ts";
import { readCoverage } from "../store/completion.ts";
import type { Run } from "../store/run.ts";
import { isFinished } from "../store/run-status.ts";
import type { Store } from "../store/store.ts";
import type { Sweeping } from "./run-task.ts";

/** After so many, rows that keep coming are the application's business. */
const sweepsAtMost = 3;

export type Finishing =
  | { readonly kind: "succeeded" }
  /** the key space is gone over once more, to find rows that came late */
  | { readonly kind: "sweeping"; readonly sweep: number }
  /** a part of the rows is done that is looked at before the rest */
  | { readonly kind: "stage done" }
  /** others still work; look again no later than this */
  | { readonly kind: "waiting"; readonly lookAgainMs: number }
  /** everything was gone over, but more rows were rejected than the run may have */
  | { readonly kind: "over the reject limit" };

/**
 * Ends a run whose done ranges tile the key space from open end to open end, in one transaction with the proof. With
 * `pending`, the key space is swept until a sweep has nothing to write; where rejects are tried once more, until none is left or
 * a sweep has brought nothing.
 */
export async function finishRun(
  db: Database,
  store: Store,
  id: bigint,
  { hasPending, triesRejects }: Sweeping,
): Promise<Finishing> {
  return db.transaction(async (tx) => {
    const run = await store.runs.lock(tx, id);
    if (isFinished(run.status)) return { kind: "succeeded" };
    const coverage = await readCoverage(tx, store.schema, run);
    // What an unfinished run has done so far has gaps.
    const isComplete = run.isPartial ? coverage.unfinished === 0 : coverage.isComplete;
    if (!run.isPlanned || !isComplete) {
      if (run.isPlanned && coverage.unfinished > 0 && coverage.unfinishedOfStage === 0)
        return { kind: "stage done" };
      if (run.isPlanned && coverage.unfinished === 0)
        throw new Error(`The ranges of run ${id} do not tile the key space.`);
      return { kind: "waiting", lookAgainMs: Math.min(500, (coverage.nextLeaseEndsInMs ?? 500) + 10) };
    }
    const standing = await store.rejects.standing(tx, id);
    if (exceeds(run.rejectLimit, standing, true)) return { kind: "over the reject limit" };
    const isLate = hasPending && coverage.written > 0 && run.sweep < sweepsAtMost;
    const mayHelp = triesRejects && (run.sweep === 0 || coverage.written > 0);
    if (isLate || (mayHelp && (await store.rejects.hasConstraints(tx, id)))) {
      const sweep = run.sweep + 1;
      await store.ranges.addSweep(tx, id, sweep);
      await store.runs.set(tx, id, { sweep: sql`${sweep}` });
      return { kind: "sweeping", sweep };
    }
    await store.runs.set(tx, id, {
      status: raw("'succeeded'"),
      stop_reason: raw("'finished'"),
      finished_at: raw("pg_catalog.clock_timestamp()"),
      message: sql`${messageAtEnd(run, hasPending && coverage.written > 0)}`,
    });
    return { kind: "succeeded" };
  });
}

function messageAtEnd(run: Run, lastSweepWrote: boolean): string | null {
  return lastSweepWrote
    ? `New rows kept coming: the last of ${run.sweep} sweeps still found some. Let the application fill them itself.`
    : null;
}
