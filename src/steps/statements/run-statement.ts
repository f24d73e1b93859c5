import { setTimeout as delay } from "node:timers/promises";
import { RefusedError } from "../../errors.ts";
import { classifyFailure, sqlstateOf } from "../../postgres/failure/failure.ts";
import { raw, sql } from "../../postgres/sql/sql.ts";
import type { BlockingSession } from "../../postgres/transaction/blocking-sessions.ts";
import type { Database, Transaction } from "../../postgres/transaction/database.ts";
import { LockLadder } from "./lock-ladder.ts";
import { LockWatch } from "./lock-watch.ts";
import { StepBlockedError, type StepPlace, StepStoppedError } from "./step-failure.ts";
import { BusyError, type StepStatement } from "./step-statement.ts";

/** For building an index or reading every row of a huge table; no session waits for it. */
const longestMs = 7 * 24 * 3_600_000;

/** `duplicate_table`, also used for an index */
const duplicate = "42P07";

/** Callbacks that follow the attempts of a statement and may end them. */
export interface StatementControl {
  /** called before a statement that is not done is sent */
  readonly begins: (statement: string) => Promise<unknown>;
  /** does what belongs in the statement's transaction; returns whether the statement was run */
  readonly around: (tx: Transaction, run: () => Promise<unknown>) => Promise<boolean>;
  /** milliseconds until the next attempt; null where the statement itself waits */
  readonly waits: (forMs: number | null, blockers: readonly BlockingSession[]) => void;
  /** resolves before another attempt, when it may still begin */
  readonly mayGoOn: () => Promise<void>;
  readonly signal: AbortSignal | undefined;
}

/**
 * Runs one statement of a step, if it is not done, in its own transaction, with short attempts for its lock.
 * Retries passing failures. Returns whether it did anything.
 */
export async function runStatement(
  db: Database,
  place: StepPlace,
  statement: StepStatement,
  control: StatementControl,
): Promise<boolean> {
  const { signal, waits } = control;
  const ladder = new LockLadder();
  for (let tries = 0; ; tries += 1) {
    if (tries > 0) await control.mayGoOn();
    if (tries > 0 && statement.clearing !== undefined)
      await runStatement(db, place, statement.clearing, control);
    const watch = new LockWatch(db, signal, statement.mayWait === true ? (who) => waits(null, who) : null);
    try {
      signal?.throwIfAborted();
      // The statement may have succeeded although its answer was lost.
      const isTriedFirst = statement.mayBeHalfDone === true && tries === 0;
      if (!isTriedFirst && (await isDone(db, statement))) return tries > 0;
      await requireItsSession(db, place, statement);
      await control.begins(statement.text.toString());
      return await attempt(db, statement, { lockMs: ladder.waitMs, around: control.around, watch });
    } catch (error) {
      if (signal?.aborted === true) throw new StepStoppedError(place, error);
      if (!(await isWorthWaiting(db, statement, error))) return false;
      await rest(ladder, control, watch.seen, { place, error });
    }
  }
}

/**
 * Outside of a transaction settings belong to the session, and a pooler hands that to another client next:
 * there only statements that block no session may run, and only with a search path in which the built-in
 * functions come first.
 */
async function requireItsSession(db: Database, { name }: StepPlace, statement: StepStatement): Promise<void> {
  if (statement.isTransactional || !(await db.isPooled())) return;
  if (statement.mayWait === true && !(await hidesBuiltIns(db))) return;
  throw new RefusedError(
    "step-has-its-session",
    `The step "${name}" runs a statement outside of a transaction, and a pooler is in between: neither its lock timeout, which limits how long other sessions queue behind it, nor its search path can be set there.`,
    "Set DATABASE_URL to the server's own address, or make the step transactional.",
  );
}

/** Whether the role's own search path names `pg_catalog` after other schemas. */
async function hidesBuiltIns(db: Database): Promise<boolean> {
  const { rows } = await db.query(sql`
    select reset_val ~ ',\s*"?pg_catalog\M' as hides from pg_catalog.pg_settings where name = 'search_path'`);
  return rows[0]?.hides === "t";
}

/** Whether to retry after a failure; false where another session has done it. @throws what does not pass */
async function isWorthWaiting(db: Database, statement: StepStatement, error: unknown): Promise<boolean> {
  const { action } = classifyFailure(error);
  if (action === "retry" || action === "shrink" || error instanceof BusyError) return true;
  const now = await isDone(db, statement).catch((reason: unknown) => reason);
  if (now === true) return false;
  if (now instanceof BusyError) return true;
  // Another session was building it, and has given up.
  if (
    sqlstateOf(error) === duplicate &&
    statement.clearing !== undefined &&
    !(await isDone(db, statement.clearing))
  )
    return true;
  throw error;
}

/** Waits before the next attempt, and reports the sessions that block it. @throws after too long */
async function rest(
  ladder: LockLadder,
  { waits, signal }: StatementControl,
  blockers: readonly BlockingSession[],
  failed: { readonly place: StepPlace; readonly error: unknown },
): Promise<void> {
  const isBlocked = classifyFailure(failed.error).reason === "lock";
  if (ladder.isOver) throw isBlocked ? new StepBlockedError(failed.place, blockers) : failed.error;
  const forMs = ladder.restMs();
  if (isBlocked) waits(forMs, blockers);
  // The next attempt notices what ended the rest.
  await delay(forMs, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
}

async function isDone(db: Database, statement: StepStatement): Promise<boolean> {
  return db.transaction((tx) => statement.isDone(tx));
}

async function attempt(
  db: Database,
  statement: StepStatement,
  {
    lockMs,
    around,
    watch,
  }: { readonly lockMs: number; readonly around: StatementControl["around"]; readonly watch: LockWatch },
): Promise<boolean> {
  try {
    if (!statement.isTransactional) {
      const limits = { wholeMs: longestMs, lockMs: statement.mayWait === true ? 0 : lockMs };
      await db.alone(statement.text, limits, (pid) => watch.start(pid));
      return true;
    }
    const limits = { lockMs, statementMs: longestMs, idleMs: 30_000, wholeMs: longestMs };
    return await db.transaction(async (tx) => {
      // Batches must never scan a table, but some steps have to read every row.
      await tx.query(raw("set local enable_seqscan = on"));
      await watch.start(await tx.pid());
      return around(tx, () => tx.query(statement.text));
    }, limits);
  } finally {
    await watch.end();
  }
}
