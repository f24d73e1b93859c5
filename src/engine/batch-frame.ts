import type { Job } from "../job/define-job.ts";
import type { BatchFrame } from "../plan/plan-run.ts";
import type { Database } from "../postgres/database.ts";
import { readDeadlockTimeout } from "../postgres/deadlock-timeout.ts";
import { hasReturningOld } from "../postgres/returning-old.ts";
import { beginStatement } from "../postgres/transaction-settings.ts";
import type { Store } from "../store/store.ts";
import { batchLimits } from "./limits.ts";

/** What is sent around the statements of every batch, for people who want to read it before it happens. */
export async function batchFrame(
  db: Database,
  store: Store,
  { batchTimeMs, session }: Pick<Job, "batchTimeMs" | "session">,
): Promise<BatchFrame> {
  const limits = batchLimits(batchTimeMs, await readDeadlockTimeout(db), 1_000);
  const lease = {
    run: 0n,
    range: 0n,
    sweep: 0,
    token: "",
    through: null,
    checkpoint: null,
    batches: 0,
    isOfRejects: false,
    planned: null,
  };
  const counts = {
    walked: 0,
    read: 0,
    written: 0,
    unchanged: 0,
    skipped: 0,
    rejected: 0,
    swallowed: 0,
    conflicted: 0,
  };
  const checkpoint = store.ranges.advanceStatement(lease, { through: null, isLast: false }, counts, 0);
  const log = { table: store.undoLogs.table("<run>"), seal: null };
  const images = { ...log, sweep: 0, hasReturningOld: await hasReturningOld(db) };
  return {
    images,
    begin: beginStatement(limits, null, session).replaceAll("; ", ";\n"),
    checkpoint: checkpoint.toString(),
  };
}
