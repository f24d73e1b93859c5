import type pg from "pg";
import { CommitUnknownError, NotCommittedError } from "../../errors.ts";
import { beginAgain, beginStatement, factsOf, type SessionFacts } from "../connection/begin-statement.ts";
import type { TransactionLimits } from "../connection/transaction-limits.ts";
import { sqlstateOf } from "../failure/failure.ts";
import { isPooled } from "./backend.ts";

/**
 * What each session answered when it began its first transaction. Behind a pooler the next transaction may be on
 * another session, with another search path: then each one asks.
 */
const known = new WeakMap<pg.PoolClient, SessionFacts>();

/** How a transaction begins. */
interface Beginning {
  readonly limits: Partial<TransactionLimits>;
  /** the search path of the address; null for that of the database or role */
  readonly searchPath: string | null;
  /** the settings of the job */
  readonly session: Readonly<Record<string, string>>;
}

/** Begins a transaction. When that fails, it rolls back, so that the connection can be reused. */
export async function begin(
  client: pg.PoolClient,
  { limits, searchPath, session }: Beginning,
): Promise<void> {
  const facts = known.get(client);
  if (facts !== undefined) {
    await sendOrRollBack(client, beginAgain(limits, facts, session));
    return;
  }
  const answers = await sendOrRollBack(client, beginStatement(limits, searchPath, session));
  const learnt = factsOf(answers.at(-1)?.rows[0]);
  if (learnt !== null && !isPooled(client, learnt.pid)) known.set(client, learnt);
}

/** Sends several statements as one message. Returns their answers. */
async function sendOrRollBack(client: pg.PoolClient, statements: string): Promise<readonly pg.QueryResult[]> {
  try {
    return [await client.query(statements)].flat();
  } catch (error) {
    await client.query("rollback").catch(() => {});
    throw error;
  }
}

/** Resolves only when PostgreSQL answered `COMMIT`. @throws CommitUnknownError when the outcome is unknown */
export async function commit(client: pg.PoolClient): Promise<void> {
  const { command } = await client.query("commit").catch((error: unknown) => {
    // An answer of class 57P or 08 can also come after the commit record was written.
    const code = sqlstateOf(error);
    if (code === null || /^(57P|08)/.test(code)) throw new CommitUnknownError(error);
    throw error;
  });
  if (command !== "COMMIT") throw new NotCommittedError(`COMMIT was answered with ${command}`);
}
