import type { TransactionLimits } from "../../postgres/connection/transaction-limits.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import type { NewRun, Run } from "../../store/runs/run.ts";
import type { Session } from "../../store/session.ts";

/** What happens together with the creation of a run. */
export interface Creation {
  /** what the audit says of it, besides the job, the run and what kind it is */
  readonly details: Readonly<Record<string, unknown>>;
  /** what else is written with it; may still refuse it */
  readonly also?: (tx: Transaction, id: bigint) => Promise<unknown>;
  /** how long it may take, where that is longer than usual */
  readonly limits?: Partial<TransactionLimits>;
}

/**
 * Creates a run, what belongs to it, and its line in the audit: all of them or none. `describe` answers the run as it is to be.
 * @throws RefusedError while an unfinished run of the job exists
 */
export async function createRun(
  { db, store }: Session,
  describe: (tx: Transaction) => Promise<NewRun>,
  { details, also = async () => {}, limits = {} }: Creation,
): Promise<Run> {
  const id = await db.transaction(async (tx) => {
    const run = await describe(tx);
    const created = await store.runs.create(tx, run);
    await also(tx, created);
    await store.audit.record(tx, { action: run.kind, job: run.job, run: created, details });
    return created;
  }, limits);
  return store.runs.get(db, id);
}
