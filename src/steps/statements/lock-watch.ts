import { setTimeout as delay } from "node:timers/promises";
import { type Sql, sql } from "../../postgres/sql/sql.ts";
import type { BlockingSession } from "../../postgres/transaction/blocking-sessions.ts";
import type { Database } from "../../postgres/transaction/database.ts";
import { readBlockingSessions } from "./blocking-session.ts";

/** Reading locks costs the server a little: the longer a statement takes, the less often they are read. */
const firstMs = 25;
const longestMs = 1_000;
/** A wait of this length without a limit is reported. */
const patienceMs = 500;

/** Watches a statement's backend from another connection: finds who blocks it, and cancels it on request. */
export class LockWatch {
  readonly #db: Database;
  readonly #wished: AbortSignal | undefined;
  readonly #waits: ((inTheWay: readonly BlockingSession[]) => void) | null;
  readonly #over = new AbortController();
  #seen: readonly BlockingSession[] = [];
  #work: Promise<void> | undefined;

  /** `waits` is called with the sessions that block a statement without a limit, when one of them is new. */
  constructor(
    db: Database,
    wished: AbortSignal | undefined,
    waits: ((inTheWay: readonly BlockingSession[]) => void) | null,
  ) {
    this.#db = db;
    this.#wished = wished;
    this.#waits = waits;
  }

  /** The sessions that blocked the backend at the last look. */
  get seen(): readonly BlockingSession[] {
    return this.#seen;
  }

  /** Begins to watch a backend. The first look opens the connection, before the statement can wait. */
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

  // Repeated, since the first cancel may arrive before the statement does.
  async #cancel(pid: Sql): Promise<void> {
    await this.#db.query(sql`select pg_catalog.pg_cancel_backend(${pid})`).catch(() => undefined);
  }

  /** Waits until the next look, the end of the statement, or the request to cancel it. */
  async #rest(ms: number): Promise<void> {
    const isWished = this.#wished?.aborted === true;
    const signals = [this.#over.signal, ...(isWished || this.#wished === undefined ? [] : [this.#wished])];
    await delay(ms, undefined, { signal: AbortSignal.any(signals) }).catch(() => undefined);
  }
}
