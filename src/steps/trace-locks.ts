import pg from "pg";
import { RefusedError } from "../errors.ts";
import type { Job } from "../job/definition/define-job.ts";
import { describeFailure } from "../postgres/failure/failure.ts";
import { raw, sql } from "../postgres/sql/sql.ts";
import type { Database, Transaction } from "../postgres/transaction/database.ts";
import { statementsOf } from "./statements/statements-of.ts";
import type { StepStatement } from "./statements/step-statement.ts";
import { TableCopies } from "./table-copies.ts";

/** A lock that a statement took, with its mode as `pg_locks` names it: `ShareRowExclusiveLock`. */
export interface TracedLock {
  readonly relation: string;
  readonly mode: string;
}

/** The locks that one statement of a step took. */
export interface TracedStatement {
  readonly step: string;
  readonly statement: string;
  /** null where the statement was not run: outside of a transaction it could not be rolled back */
  readonly locks: readonly TracedLock[] | null;
  /** why it was not run or failed; null on success */
  readonly problem: string | null;
}

/** Limits for statements that may also touch the live tables. */
const limits = { lockMs: 100, statementMs: 1_000, idleMs: 1_000, wholeMs: 1_000 };

/**
 * Runs the open steps of a job on empty temporary copies of their tables, each statement in its own
 * transaction, and reports the locks it took. The author's own statements are rolled back: they may also name
 * live objects.
 * @throws RefusedError behind a pooler
 */
export async function traceLocks(
  db: Database,
  job: Job,
  open: readonly string[],
): Promise<readonly TracedStatement[]> {
  if (await db.isPooled()) {
    throw new RefusedError(
      "trace-has-its-session",
      "A pooler is in between: the temporary copies would be left in sessions of other clients.",
      "Set DATABASE_URL to the server's own address.",
    );
  }
  const steps = [...job.expand, ...job.contract].filter(({ name }) => open.includes(name));
  return db.onOneConnection(async (one) => {
    const copies = new TableCopies(one);
    await copies.copy(steps);
    const traced: TracedStatement[] = [];
    for (const step of steps) {
      const redirected = copies.redirected(step);
      const statements = statementsOf(redirected ?? step, null).up;
      for (const [index, { text }] of statementsOf(step, null).up.entries()) {
        const statement = statements[index];
        if (statement === undefined) continue;
        const isLasting = step.kind !== "sql" && redirected !== null;
        const outcome = await trace(one, copies, statement, isLasting);
        if (outcome !== null) traced.push({ step: step.name, statement: text.toString(), ...outcome });
      }
    }
    return traced;
  });
}

type Outcome = Pick<TracedStatement, "locks" | "problem">;

async function trace(
  one: Database,
  copies: TableCopies,
  statement: StepStatement,
  isLasting: boolean,
): Promise<Outcome | null> {
  const work = async (tx: Transaction): Promise<Outcome | null> => {
    if (await statement.isDone(tx)) return null;
    if (!statement.isTransactional)
      return {
        locks: null,
        problem: "runs outside of a transaction, without blocking reads and writes: not traced",
      };
    await tx.query(raw("set local enable_seqscan = on"));
    await tx.query(statement.text);
    return { locks: await heldLocks(tx, copies), problem: null };
  };
  try {
    return await (isLasting ? one.transaction(work, limits) : one.rolledBack(work, limits));
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error;
    return { locks: [], problem: describeFailure(error) };
  }
}

/** The locks that the transaction holds, copies under their originals' names, without the copies' indexes. */
async function heldLocks(tx: Transaction, copies: TableCopies): Promise<TracedLock[]> {
  const { rows } = await tx.query(sql`
    select c.relname, l.relation::pg_catalog.regclass::text as shown, n.nspname like 'pg_temp%' as is_copy, l.mode
    from pg_catalog.pg_locks l
    join pg_catalog.pg_class c on c.oid = l.relation
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where l.pid = pg_catalog.pg_backend_pid()
      and l.granted
      and n.nspname not in ('pg_catalog', 'information_schema')
      and n.nspname not like 'pg_toast%'
    order by 1, 4`);
  return rows.flatMap(({ relname, shown, is_copy: isCopy, mode }) => {
    const relation = isCopy === "t" ? copies.shown(relname ?? "") : shown;
    return relation == null ? [] : [{ relation, mode: mode ?? "" }];
  });
}
