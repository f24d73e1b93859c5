import type { TransactionLimits } from "../../postgres/connection/transaction-limits.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import type { NewRun, Run } from "../../store/runs/run.ts";
import type { Session } from "../../store/session.ts";

/** What happens together with the creation of a run. */
export interface Creation {
  /** what the audit records besides the job, the run and its kind */
  readonly details: Readonly<Record<string, unknown>>;
  /** writes more in the same transaction; may still refuse the run */
  readonly also?: (tx: Transaction, id: bigint) => Promise<unknown>;
  /** time limits of the transaction, where it may take longer than usual */
  readonly limits?: Partial<TransactionLimits>;
}

/**
 * Creates a run, what belongs to it, and its line in the audit: all or none. `describe` returns the run to
 * create.
 * @throws RefusedError while an unfinished run of the job exists
 */
export async function createRun(
  { db, store }: Session,
  describe: (tx: Transaction) => Promise<NewRun>,
  { details, also = async () => {}, limits = {} }: Creation,
): Promise<Run> {
  return db.transaction(async (tx) => {
    const run = await describe(tx);
    const created = await store.runs.create(tx, run);
    await also(tx, created);
    await store.audit.record(tx, { action: run.kind, job: run.job, run: created, details });
    return store.runs.get(tx, created);
  }, limits);
}
