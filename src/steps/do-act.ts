import { setTimeout as delay } from "node:timers/promises";
import { TidefillError } from "../errors.ts";
import type { Database, Transaction } from "../postgres/database.ts";
import { classifyFailure, sqlstateOf } from "../postgres/failure.ts";
import { raw } from "../postgres/sql.ts";
import { type Act, BusyError } from "./act.ts";
import { type InTheWay, whoIsInTheWay } from "./in-the-way.ts";
import { LockLadder } from "./lock-ladder.ts";

/** Building an index or looking at every row of a huge table; nobody waits for it. */
const longestMs = 7 * 24 * 3_600_000;

/** `duplicate_table`, which an index is too */
const duplicate = "42P07";

/** Somebody holds the lock that a step needs, and does not let go. */
export class StepBlockedError extends TidefillError {
  constructor(step: string, inTheWay: readonly InTheWay[]) {
    const [first] = inTheWay;
    const who =
      first === undefined
        ? "a session that cannot be seen"
        : `process ${first.pid} of ${first.user} (${first.application}), ${first.state} for ${Math.round(first.seconds)} s: ${first.statement}`;
    super(
      "step-blocked",
      `The step "${step}" did not get its lock within five minutes; it is held by ${who}.`,
      {
        remedy: "End that transaction, or wait for it; then type the same command again, which goes on here.",
      },
    );
  }
}

/** Who hears of the attempts, and may end them. */
export interface Told {
  /** before a statement that is not done is sent */
  readonly begins: (statement: string) => Promise<unknown>;
  readonly waits: (forMs: number, inTheWay: readonly InTheWay[]) => void;
  readonly signal: AbortSignal | undefined;
}

/** What belongs into the transaction of a statement; answers whether it was run. */
export type Around = (tx: Transaction, run: () => Promise<unknown>) => Promise<boolean>;

/**
 * Does one statement of a step, if it is not done: in a transaction of its own, its lock asked for in short attempts. What
 * passes by itself is tried again. Answers whether it did anything.
 */
export async function doAct(
  db: Database,
  step: string,
  act: Act,
  told: Told,
  around: Around,
): Promise<boolean> {
  const ladder = new LockLadder();
  for (let tries = 0; ; tries += 1) {
    told.signal?.throwIfAborted();
    if (tries > 0 && act.clearing !== undefined) await doAct(db, step, act.clearing, told, around);
    try {
      // An answer that was lost may have been a good one.
      const isTriedFirst = act.mayBeHalfDone === true && tries === 0;
      if (!isTriedFirst && (await isDone(db, act))) return tries > 0;
      await told.begins(act.statement.toString());
      return await attempt(db, act, ladder.waitMs, around);
    } catch (error) {
      if (!(await isWorthWaiting(db, act, error))) return false;
      await rest(db, step, act, told, ladder, error);
    }
  }
}

/** Whether to try again after a failure; false where somebody else has done it by now. @throws what does not pass */
async function isWorthWaiting(db: Database, act: Act, error: unknown): Promise<boolean> {
  const { action } = classifyFailure(error);
  if (action === "retry" || action === "shrink" || error instanceof BusyError) return true;
  const now = await isDone(db, act).catch((reason: unknown) => reason);
  if (now === true) return false;
  if (now instanceof BusyError) return true;
  // Somebody else was at it, and has given up.
  if (sqlstateOf(error) === duplicate && act.clearing !== undefined && !(await isDone(db, act.clearing)))
    return true;
  throw error;
}

/** Waits before the next attempt, and tells of it where somebody is in the way. @throws when that has lasted for too long */
async function rest(
  db: Database,
  step: string,
  act: Act,
  { waits, signal }: Told,
  ladder: LockLadder,
  error: unknown,
): Promise<void> {
  const isBlocked = classifyFailure(error).reason === "lock";
  const inTheWay = isBlocked && act.locks !== null ? await whoIsInTheWay(db, act.locks).catch(() => []) : [];
  if (ladder.isOver) throw isBlocked ? new StepBlockedError(step, inTheWay) : error;
  const forMs = ladder.restMs();
  if (isBlocked) waits(forMs, inTheWay);
  await delay(forMs, undefined, signal === undefined ? {} : { signal });
}

async function isDone(db: Database, act: Act): Promise<boolean> {
  return db.transaction((tx) => act.isDone(tx));
}

async function attempt(db: Database, act: Act, lockMs: number, around: Around): Promise<boolean> {
  if (!act.isTransactional) {
    await db.alone(act.statement, longestMs);
    return true;
  }
  const limits = { lockMs, statementMs: longestMs, idleMs: 30_000, wholeMs: longestMs };
  return db.transaction(async (tx) => {
    // Batches must never scan a table; looking at every row is what some steps are for.
    await tx.query(raw("set local enable_seqscan = on"));
    return around(tx, () => tx.query(act.statement));
  }, limits);
}
