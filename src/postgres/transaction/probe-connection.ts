import { setImmediate } from "node:timers/promises";
import type { Sql } from "../sql/sql.ts";
import type { Database, Queryable, Result, Transaction } from "./database.ts";

const longestLookMs = 2_000;
/** After this time the remaining statements get another transaction, so that none comes near its limit. */
const longestTogetherMs = 1_000;

/** A statement whose caller waits for the answer. */
interface Asked {
  readonly statement: Sql;
  readonly answer: (result: Result) => void;
  readonly fail: (error: unknown) => void;
}

/**
 * Queries without a trace: in a transaction that is rolled back, and given up when it takes long. Statements
 * asked at the same moment share a transaction, one after the other, and so do those that are asked as soon as
 * an answer has come; one that fails does not harm the next ones.
 */
export class ProbeConnection implements Queryable {
  readonly #db: Database;
  #asked: Asked[] = [];

  constructor(db: Database) {
    this.#db = db;
  }

  query(statement: Sql): Promise<Result> {
    return new Promise((answer, fail) => {
      if (this.#asked.length === 0) void setImmediate().then(() => this.#lookAtAll());
      this.#asked.push({ statement, answer, fail });
    });
  }

  /**
   * Runs what was asked so far. Statements that are asked while one of these is at work get a transaction of
   * their own and do not wait for it.
   */
  async #lookAtAll(): Promise<void> {
    const asked = this.#asked;
    this.#asked = [];
    const more = () => this.#asked.splice(0);
    const limits = { lockMs: 500, statementMs: longestLookMs, wholeMs: 2 * longestLookMs };
    while (asked.length > 0) {
      await this.#db
        .rolledBack((tx) => askInTurn(tx, asked, more), limits)
        // The transaction could not begin or could not end.
        .catch((error: unknown) => {
          for (const { fail } of asked.splice(0)) fail(error);
        });
    }
  }
}

/**
 * Runs statements, and what their callers ask at once when they have the answers, until none is left, the time is
 * over, or one fails and aborts the transaction.
 */
async function askInTurn(tx: Transaction, asked: Asked[], more: () => Asked[]): Promise<void> {
  const begun = performance.now();
  while (performance.now() - begun < longestTogetherMs) {
    if (asked.length === 0) {
      await setImmediate();
      asked.push(...more());
    }
    const next = asked.shift();
    if (next === undefined) return;
    try {
      next.answer(await tx.query(next.statement));
    } catch (error) {
      return next.fail(error);
    }
  }
}
