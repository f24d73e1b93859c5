import type { Job } from "../../job/definition/define-job.ts";
import type { BatchFrame } from "../../plan/plan-run.ts";
import { hasReturningOld } from "../../postgres/catalog/returning-old.ts";
import { beginStatement } from "../../postgres/connection/begin-statement.ts";
import { readDeadlockTimeout } from "../../postgres/transaction/deadlock-timeout.ts";
import { everyKey } from "../../store/runs/ranges.ts";
import { noCounts } from "../../store/runs/row-counts.ts";
import type { Session } from "../../store/session.ts";
import { batchLimits } from "../batch/batch-limits.ts";

/** The statements around those of every batch, for a plan to show. */
export async function batchFrame(
  { db, store }: Session,
  { batchTimeMs, session }: Pick<Job, "batchTimeMs" | "session">,
): Promise<BatchFrame> {
  const limits = batchLimits(batchTimeMs, await readDeadlockTimeout(db), 1_000);
  const checkpoint = store.ranges.advanceStatement(everyKey, {
    through: null,
    isLast: false,
    counts: noCounts,
    leaseMs: 0,
  });
  const log = { table: store.undoLogs.table("<run>"), encryption: null };
  const images = { ...log, sweep: 0, hasReturningOld: await hasReturningOld(db) };
  return {
    images,
    begin: beginStatement(limits, null, session).replaceAll("; ", ";\n"),
    checkpoint: checkpoint.toString(),
  };
}
