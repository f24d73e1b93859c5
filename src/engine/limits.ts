import type { TransactionLimits } from "../postgres/transaction-settings.ts";

/** Bytes of one batch's rows, as PostgreSQL prints them; several batches are under way at once. */
export const batchBytes = 4_194_304;

/** No batch lasts longer, whatever it does: its locks and its snapshot end then. Half of it for more than one row. */
export const batchLimitMs = 10_000;

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
