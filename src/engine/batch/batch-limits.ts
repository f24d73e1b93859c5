import type { TransactionLimits } from "../../postgres/connection/transaction-limits.ts";

/** The most bytes of one batch's rows, as PostgreSQL prints them. Several batches are under way at once. */
export const batchBytes = 4_194_304;

/** No batch is idle for longer in its transaction, and none lasts longer than twice this time. */
export const batchLimitMs = 10_000;

/** The limit for one row's async transform. A slower row is rejected, since locks are held meanwhile. */
export const rowLimitMs = 4_000;

/** The limit for all transforms of one portion: well before PostgreSQL ends the idle transaction. */
export const portionLimitMs = 8_000;

/**
 * How long a batch may wait and work. A wait for a row lock ends well before PostgreSQL looks for a deadlock,
 * so that the batch gives way and not the application. A batch of one row gets the longest time.
 */
export function batchLimits(batchTimeMs: number, deadlockTimeoutMs: number, rows: number): TransactionLimits {
  return {
    lockMs: Math.max(5, Math.min(batchTimeMs / 2, deadlockTimeoutMs / 2)),
    statementMs: rows > 1 ? Math.max(250, 2 * batchTimeMs) : batchLimitMs,
    idleMs: batchLimitMs,
    wholeMs: 2 * batchLimitMs,
  };
}
