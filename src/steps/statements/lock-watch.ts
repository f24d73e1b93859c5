import { setTimeout as delay } from "node:timers/promises";
import { type Sql, sql } from "../../postgres/sql/sql.ts";
import type { BlockingSession } from "../../postgres/transaction/blocking-sessions.ts";
import type { Database } from "../../postgres/transaction/database.ts";
import { readBlockingSessions } from "./blocking-session.ts";

/** Looking at locks costs the server a little: a long statement is looked at less and less often. */
const firstMs = 25;
const longestMs = 1_000;
/** Who waits for this long without a limit is worth a word. */
const patienceMs = 500;

/** Looks at the backend that does a statement, from another connection: who is in its way; and ends it when that is wished. */
export class LockWatch {
  readonly #db: Database;
  readonly #wished: AbortSignal | undefined;
  readonly #waits: ((inTheWay: readonly BlockingSession[]) => void) | null;
  readonly #over = new AbortController();
  #seen: readonly BlockingSession[] = [];
  #work: Promise<void> | undefined;

  /** `waits` hears of those for whom a statement waits without a limit, once for each of them. */
  constructor(
    db: Database,
    wished: AbortSignal | undefined,
    waits: ((inTheWay: readonly BlockingSession[]) => void) | null,
  ) {
    this.#db = db;
    this.#wished = wished;
    this.#waits = waits;
  }

  /** Who was in the way when that was last looked at. */
  get seen(): readonly BlockingSession[] {
    return this.#seen;
  }

  /** Begins to look at a backend. The first look opens the connection, before the statement waits for anything. */
  async start(pid: Sql): Promise<void> {
    await readBlockingSessions(this.#db, pid).catch(() => []);
    this.#work = this.#look(pid);
  }

  async end(): Promise<void> {
    this.#over.abort();
    await this.#work;
  }

  async #look(pid: Sql): Promise<void> {
    const begun = performance.now();
    for (let ms = firstMs; ; ms = Math.min(longestMs, ms * 2)) {
      await this.#rest(ms);
      if (this.#over.signal.aborted) return;
      if (this.#wished?.aborted === true) await this.#cancel(pid);
      else this.#see(await readBlockingSessions(this.#db, pid).catch(() => []), performance.now() - begun);
    }
  }

  #see(found: readonly BlockingSession[], afterMs: number): void {
    if (found.length === 0) return;
    const isNew = found.some(({ pid }) => !this.#seen.some((seen) => seen.pid === pid));
    if (this.#waits !== null && afterMs < patienceMs) return;
    this.#seen = found;
    if (isNew) this.#waits?.(found);
  }

  // Again and again: the first one may come before the statement does.
  async #cancel(pid: Sql): Promise<void> {
    await this.#db.query(sql`select pg_catalog.pg_cancel_backend(${pid})`).catch(() => undefined);
  }

  /** Waits until the statement is over, or is to be ended. */
  async #rest(ms: number): Promise<void> {
    const isWished = this.#wished?.aborted === true;
    const signals = [this.#over.signal, ...(isWished || this.#wished === undefined ? [] : [this.#wished])];
    await delay(ms, undefined, { signal: AbortSignal.any(signals) }).catch(() => undefined);
  }
}
