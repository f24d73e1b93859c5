import { LeaseLostError } from "../../errors.ts";
import type { TransactionLimits } from "../../postgres/connection/transaction-limits.ts";
import type { Database, Transaction } from "../../postgres/transaction/database.ts";
import type { BatchBounds, LeasedBounds, Walk } from "../../source/walk.ts";
import type { AskControl, BatchWork } from "./batch-work.ts";
import type { Attempt } from "./committer.ts";

/** More rows than a batch ever has: all those up to its end are counted. */
const allRows = 1_000_000;

/**
 * The part of a batch before its transaction: reads the rows, briefly and without locks, and then asks other
 * systems about them, without a connection. Returns false when the run stops meanwhile.
 * @throws LeaseLostError, or PostgreSQL's error
 */
export async function askFirst(
  db: Database,
  attempt: Attempt,
  work: BatchWork,
  {
    next,
    limits,
    control,
  }: {
    readonly next: (tx: Transaction) => Promise<BatchBounds>;
    readonly limits: Partial<TransactionLimits>;
    readonly control: AskControl;
  },
): Promise<boolean> {
  const { look } = work;
  if (look === undefined) return true;
  const { lease, clock } = attempt;
  await clock.during("read", () =>
    db.transaction(
      async (tx) => {
        const batchBounds = await next(tx);
        const { through, walked, isEmpty } = batchBounds;
        attempt.batchBounds = batchBounds;
        if (!isEmpty) attempt.asked = await look.call(work, tx, { after: lease.checkpoint, through }, walked);
      },
      { ...limits, mayBeForgotten: true },
    ),
  );
  // The time of calls says nothing about how long locks are held, so it does not make batches smaller.
  const { asked, isLost } = attempt;
  if (asked === null) return true;
  const isAnswered = await clock.during("waiting", () => asked.ask(control, isLost));
  if (isLost()) throw new LeaseLostError(lease.range);
  return isAnswered;
}

/**
 * The bounds within which the answers hold: the batch is cut before the first row that has changed or come
 * since it was read. Null where that is its first row.
 */
export async function confirmedBounds(
  tx: Transaction,
  { batchBounds, asked }: Attempt,
  walk: Walk,
  rest: LeasedBounds,
): Promise<BatchBounds | null> {
  if (batchBounds === null || asked === null) return batchBounds;
  const through = await asked.confirm(tx, { after: rest.after, through: batchBounds.through });
  if (through === "whole") return batchBounds;
  if (through === null) return null;
  const { walked } = await walk.nextBatch(tx, { ...rest, through }, allRows, Number.MAX_SAFE_INTEGER);
  return { through, walked, isLast: false, isEmpty: false };
}
