import pg from "pg";
import type { Job } from "../job/define-job.ts";
import type { Database, Transaction } from "../postgres/database.ts";
import { describeFailure } from "../postgres/failure.ts";
import { raw, sql } from "../postgres/sql.ts";
import type { Act } from "./act.ts";
import { actsOf } from "./acts-of.ts";

/** A lock that a statement took, as `pg_locks` had it: `ShareRowExclusiveLock`. */
export interface TracedLock {
  readonly relation: string;
  readonly mode: string;
}

/** What one statement of a step took. */
export interface TracedStatement {
  readonly step: string;
  readonly statement: string;
  /** null where it was not run: outside of a transaction it could not be taken back */
  readonly locks: readonly TracedLock[] | null;
  /** why it was not run or did not end; null where all went well */
  readonly problem: string | null;
}

/** Others wait no longer than that for what a trace holds. */
const limits = { lockMs: 500, statementMs: 3_000, idleMs: 3_000, wholeMs: 10_000 };

/** Runs the open steps of a job in one transaction that is rolled back, and tells which locks each statement took. */
export async function traceLocks(
  db: Database,
  job: Job,
  open: readonly string[],
): Promise<readonly TracedStatement[]> {
  const steps = [...job.expand, ...job.contract].filter(({ name }) => open.includes(name));
  return db.rolledBack(async (tx) => {
    await tx.query(raw("set local enable_seqscan = on"));
    const traced: TracedStatement[] = [];
    for (const step of steps) {
      for (const act of actsOf(step, null).up) {
        const told = { step: step.name, statement: act.statement.toString() };
        const outcome = await trace(
          tx,
          act,
          traced.flatMap(({ locks }) => locks ?? []),
        );
        if (outcome !== null) traced.push({ ...told, ...outcome });
        // After an error the transaction takes nothing more.
        if (outcome?.problem != null && outcome.locks !== null) return traced;
      }
    }
    return traced;
  }, limits);
}

type Outcome = Pick<TracedStatement, "locks" | "problem">;

async function trace(tx: Transaction, act: Act, before: readonly TracedLock[]): Promise<Outcome | null> {
  try {
    if (await act.isDone(tx)) return null;
    if (!act.isTransactional)
      return { locks: null, problem: "runs outside of a transaction, beside reads and writes: not traced" };
    await tx.query(act.statement);
    const now = await heldLocks(tx);
    const isNew = (lock: TracedLock) =>
      !before.some(({ relation, mode }) => relation === lock.relation && mode === lock.mode);
    return { locks: now.filter(isNew), problem: null };
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error;
    return { locks: [], problem: describeFailure(error) };
  }
}

async function heldLocks(tx: Transaction): Promise<TracedLock[]> {
  const { rows } = await tx.query(sql`
    select l.relation::pg_catalog.regclass::text as relation, l.mode
    from pg_catalog.pg_locks l
    join pg_catalog.pg_class c on c.oid = l.relation
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where l.pid = pg_catalog.pg_backend_pid()
      and l.granted
      and n.nspname not in ('pg_catalog', 'pg_toast', 'information_schema')
    order by 1, 2`);
  return rows.map((row) => ({ relation: row.relation ?? "", mode: row.mode ?? "" }));
}
