import { setTimeout as delay } from "node:timers/promises";
import type { Backend } from "../postgres/backend.ts";
import type { Database, Queryable } from "../postgres/database.ts";
import { raw, sql } from "../postgres/sql.ts";

const lookMs = 25;

/** As long as any statement may take; between its looks the transaction is idle. */
const limits = { wholeMs: 7 * 24 * 3_600_000, idleMs: 30_000 };

/** Ends a statement that has waited for locks for too long, where its own session has no such limit. */
export class WaitGuard {
  readonly #over = new AbortController();
  #hasEnded = false;
  #work: Promise<void> | undefined;

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /**
   * Looks on from within one transaction: whoever queues behind the statement may use up all connections of a pooler, but not
   * that one. Who cannot look any more does not let it wait either. Resolves when it has its connection.
   */
  start(db: Database, backend: Backend, limitMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#work = db
        .transaction(async (tx) => {
          resolve();
          await this.#look(tx, backend, limitMs);
        }, limits)
        .catch(async (error: unknown) => {
          reject(error);
          await this.#endIt(db, backend);
        });
    });
  }

  async end(): Promise<void> {
    this.#over.abort();
    await this.#work;
  }

  async #look(tx: Queryable, backend: Backend, limitMs: number): Promise<void> {
    let waitsSince: number | null = null;
    while (!this.#over.signal.aborted) {
      const now = performance.now();
      waitsSince = (await isWaiting(tx, backend)) ? (waitsSince ?? now) : null;
      if (waitsSince !== null && now - waitsSince >= limitMs) await this.#endIt(tx, backend);
      await this.#rest();
    }
  }

  // Again and again: the first one may come before the statement does.
  async #endIt(db: Queryable, { pid }: Backend): Promise<void> {
    while (!this.#over.signal.aborted) {
      this.#hasEnded = true;
      await db.query(sql`select pg_catalog.pg_cancel_backend(${pid})`).catch(() => undefined);
      await this.#rest();
    }
  }

  async #rest(): Promise<void> {
    await delay(lookMs, undefined, { signal: this.#over.signal }).catch(() => undefined);
  }
}

async function isWaiting(tx: Queryable, { pid }: Backend): Promise<boolean> {
  // Within a transaction the sessions would look as they did at the first look.
  await tx.query(raw("select pg_catalog.pg_stat_clear_snapshot()"));
  const { rows } = await tx.query(
    sql`select pg_catalog.cardinality(pg_catalog.pg_blocking_pids(${pid})) > 0 as waits`,
  );
  return rows[0]?.waits === "t";
}
