import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { TidefillError } from "../../errors.ts";
import { sqlstateOf } from "../failure/failure.ts";
import { raw, sql } from "../sql/sql.ts";
import { describeBlockers, isPrepared } from "./blocking-sessions.ts";
import type { Database } from "./database.ts";
import { readDeadlockTimeout } from "./deadlock-timeout.ts";

/** A table stayed locked for as long as we wait for it; nothing was written. */
export class TableLockedError extends TidefillError {
  constructor(table: string | null, blockers: readonly string[], cause: unknown) {
    const by = blockers.length === 0 ? "by another session" : `by ${blockers.join(" and ")}`;
    super("table-is-locked", `${table ?? "A table of the job"} is locked ${by}. Nothing was written.`, {
      cause,
      remedy: blockers.some(isPrepared)
        ? "Type commit prepared or rollback prepared with that name, as its transaction manager decided; then type the command again."
        : "Wait until that session has ended its transaction, or end it, and type the command again.",
    });
  }
}

const attemptsAtMost = 5;
const pauseMs = 400;
const longestLockMs = 5_000;
/** The share of the wait after which to ask which session blocks us; a quick answer needs no question. */
const askAfterShare = 0.2;

/**
 * Reads tables in transactions that wait for locks at most half of `deadlock_timeout`, so that another
 * session's `drop table` never becomes a deadlock's victim because of us; retries a few times. `work` must be
 * repeatable.
 * @throws TableLockedError which names the table and the sessions that lock it
 */
export async function lookBriefly<T>(
  db: Database,
  work: (db: Database) => Promise<T>,
  attempts = attemptsAtMost,
): Promise<T> {
  const lockMs = Math.min(longestLockMs, (await readDeadlockTimeout(db)) / 2);
  const name = `tidefill looks ${randomUUID().slice(0, 8)}`;
  for (let attempt = 1; ; attempt += 1) {
    const held = new Holders(db, name, lockMs);
    try {
      return await work(db.withLimits({ lockMs, name }));
    } catch (error) {
      if (!isPassing(error)) throw error;
      if (attempt >= attempts) throw new TableLockedError(await held.table(), await held.sessions(), error);
    } finally {
      held.stop();
    }
    await delay(pauseMs * Math.random());
  }
}

/** A lock that could not be had, or a table that was dropped meanwhile. */
function isPassing(error: unknown): boolean {
  const code = sqlstateOf(error);
  if (code === "55P03") return true;
  return (
    code === "XX000" &&
    error instanceof Error &&
    /cache lookup failed|could not open relation/.test(error.message)
  );
}

/** While a transaction of this name waits, asks which sessions block it. */
class Holders {
  readonly #timer: NodeJS.Timeout;
  #asked: Promise<{ readonly table: string | null; readonly sessions: readonly string[] }> | null = null;

  constructor(db: Database, name: string, lockMs: number) {
    this.#timer = setTimeout(() => {
      this.#asked = ask(db, name).catch(() => ({ table: null, sessions: [] }));
    }, lockMs * askAfterShare);
  }

  async table(): Promise<string | null> {
    return (await this.#asked)?.table ?? null;
  }

  async sessions(): Promise<readonly string[]> {
    return (await this.#asked)?.sessions ?? [];
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}

async function ask(
  db: Database,
  name: string,
): Promise<{ readonly table: string | null; readonly sessions: readonly string[] }> {
  return db.transaction(async (tx) => {
    const { rows } = await tx.query(sql`
      select waiting.pid, l.relation::pg_catalog.regclass::text as of_table
      from pg_catalog.pg_stat_activity waiting
      join pg_catalog.pg_locks l on l.pid = waiting.pid and not l.granted and l.locktype = 'relation'
      where waiting.application_name = ${name}
      limit 1`);
    const [row] = rows;
    if (row === undefined) return { table: null, sessions: [] };
    return {
      table: row.of_table ?? null,
      sessions: await describeBlockers(tx, raw(String(Number(row.pid)))),
    };
  });
}
