import type pg from "pg";
import { CommitUnknownError, NotCommittedError } from "../../errors.ts";
import { sqlstateOf } from "../failure/failure.ts";

/** Begins a transaction. When that fails, it rolls back, so that the connection can be reused. */
export async function begin(client: pg.PoolClient, statement: string): Promise<void> {
  await client.query(statement).catch(async (error: unknown) => {
    await client.query("rollback").catch(() => {});
    throw error;
  });
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
