import { setTimeout as delay } from "node:timers/promises";
import { TidefillError } from "../errors.ts";
import type { Database, Transaction } from "../postgres/database.ts";
import { classifyFailure } from "../postgres/failure.ts";
import { raw } from "../postgres/sql.ts";
import type { Act } from "./act.ts";
import { type InTheWay, whoIsInTheWay } from "./in-the-way.ts";
import { LockLadder } from "./lock-ladder.ts";

/** Building an index or looking at every row of a huge table; nobody waits for it. */
const longestMs = 7 * 24 * 3_600_000;

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
interface Told {
  readonly begun: (statement: string) => void;
  readonly waits: (forMs: number, inTheWay: readonly InTheWay[]) => void;
  readonly signal: AbortSignal | undefined;
}

/** What belongs into the transaction of a statement; answers whether it was run. */
type Around = (tx: Transaction, run: () => Promise<unknown>) => Promise<boolean>;

const justRun: Around = async (_, run) => {
  await run();
  return true;
};

/**
 * Does one statement of a step, if it is not done: in a transaction of its own, its lock asked for in short attempts. What
 * passes by itself is tried again. Answers whether it did anything.
 */
export async function doAct(
  db: Database,
  step: string,
  act: Act,
  told: Told,
  around: Around = justRun,
): Promise<boolean> {
  const ladder = new LockLadder();
  for (;;) {
    told.signal?.throwIfAborted();
    try {
      if (await isDone(db, act)) return false;
      told.begun(act.statement.toString());
      return await attempt(db, act, ladder.waitMs, around);
    } catch (error) {
      const { action, reason } = classifyFailure(error);
      if (action !== "retry" && action !== "shrink") {
        // Somebody else was at it too.
        if (await isDone(db, act).catch(() => false)) return false;
        throw error;
      }
      const inTheWay = reason === "lock" ? await blockers(db, act) : [];
      if (ladder.isOver) throw reason === "lock" ? new StepBlockedError(step, inTheWay) : error;
      const restMs = ladder.restMs();
      if (reason === "lock") told.waits(restMs, inTheWay);
      await delay(restMs, undefined, told.signal === undefined ? {} : { signal: told.signal });
    }
  }
}

async function blockers(db: Database, { locks }: Act): Promise<readonly InTheWay[]> {
  return locks === null ? [] : whoIsInTheWay(db, locks).catch(() => []);
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
