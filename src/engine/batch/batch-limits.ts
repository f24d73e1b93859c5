import type { TransactionLimits } from "../../postgres/connection/transaction-limits.ts";

/** Bytes of one batch's rows, as PostgreSQL prints them; several batches are under way at once. */
export const batchBytes = 4_194_304;

/** No batch is idle for longer while it holds locks, and none lasts longer than twice as long. */
export const batchLimitMs = 10_000;

/** One row's asynchronous transform; what takes longer is rejected, since locks are held meanwhile. */
export const rowLimitMs = 4_000;

/** All transforms of one portion; well before PostgreSQL would cut the idle transaction. */
export const portionLimitMs = 8_000;

/**
 * How long a batch may wait and work. A wait for a row lock ends well before PostgreSQL would look for a deadlock, so that it
 * is we who give way. One row alone may take all the time there is.
 */
export function batchLimits(batchTimeMs: number, deadlockTimeoutMs: number, rows: number): TransactionLimits {
  return {
    lockMs: Math.max(5, Math.min(batchTimeMs / 2, deadlockTimeoutMs / 2)),
    statementMs: rows > 1 ? Math.max(250, 2 * batchTimeMs) : batchLimitMs,
    idleMs: batchLimitMs,
    wholeMs: 2 * batchLimitMs,
  };
}
