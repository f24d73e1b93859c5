import type { Database, Queryable, Result, Transaction } from "./database.ts";
import type { Sql } from "./sql.ts";

const longestLookMs = 2_000;

/** A statement that somebody waits for. */
interface Asked {
  readonly statement: Sql;
  readonly answer: (result: Result) => void;
  readonly fail: (error: unknown) => void;
}

/**
 * Asks without a trace: in a transaction that is rolled back, and given up when it takes long. What is asked at one moment is
 * asked in one transaction, one statement after the other; one that fails does not harm those behind it.
 */
export class Onlooker implements Queryable {
  readonly #db: Database;
  readonly #asked: Asked[] = [];
  #isLooking = false;

  constructor(db: Database) {
    this.#db = db;
  }

  query(statement: Sql): Promise<Result> {
    return new Promise((answer, fail) => {
      this.#asked.push({ statement, answer, fail });
      if (this.#isLooking) return;
      this.#isLooking = true;
      queueMicrotask(() => void this.#lookAtAll());
    });
  }

  async #lookAtAll(): Promise<void> {
    const limits = { lockMs: 500, statementMs: longestLookMs, wholeMs: 2 * longestLookMs };
    while (this.#asked.length > 0)
      await this.#db.rolledBack((tx) => this.#look(tx), limits).catch((error: unknown) => this.#fail(error));
    this.#isLooking = false;
  }

  /** Until nobody asks any more, or a statement fails and takes the transaction with it. */
  async #look(tx: Transaction): Promise<void> {
    for (let next = this.#asked.shift(); next !== undefined; next = this.#asked.shift()) {
      try {
        next.answer(await tx.query(next.statement));
      } catch (error) {
        return next.fail(error);
      }
    }
  }

  /** There was no transaction to ask in, or it could not be ended. */
  #fail(error: unknown): void {
    for (const { fail } of this.#asked.splice(0)) fail(error);
  }
}
