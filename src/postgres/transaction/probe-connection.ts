import type { Sql } from "../sql/sql.ts";
import type { Database, Queryable, Result, Transaction } from "./database.ts";

const longestLookMs = 2_000;
/** After so long the rest is asked in another transaction, so that no transaction is ever near its end. */
const longestTogetherMs = 1_000;

/** A statement that somebody waits for. */
interface Asked {
  readonly statement: Sql;
  readonly answer: (result: Result) => void;
  readonly fail: (error: unknown) => void;
}

/**
 * Asks without a trace: in a transaction that is rolled back, and given up when it takes long. What is asked at one moment is
 * asked together, one statement after the other; one that fails does not harm those behind it.
 */
export class ProbeConnection implements Queryable {
  readonly #db: Database;
  #asked: Asked[] = [];

  constructor(db: Database) {
    this.#db = db;
  }

  query(statement: Sql): Promise<Result> {
    return new Promise((answer, fail) => {
      if (this.#asked.length === 0) setImmediate(() => void this.#lookAtAll());
      this.#asked.push({ statement, answer, fail });
    });
  }

  /** What has gathered by now; what is asked later has a look of its own, and does not wait for this one. */
  async #lookAtAll(): Promise<void> {
    const asked = this.#asked;
    this.#asked = [];
    const limits = { lockMs: 500, statementMs: longestLookMs, wholeMs: 2 * longestLookMs };
    while (asked.length > 0) {
      await this.#db
        .rolledBack((tx) => askInTurn(tx, asked), limits)
        // There was no transaction to ask in, or it could not be ended.
        .catch((error: unknown) => {
          for (const { fail } of asked.splice(0)) fail(error);
        });
    }
  }
}

/** Until all is asked, or enough for one transaction, or a statement fails and takes the transaction with it. */
async function askInTurn(tx: Transaction, asked: Asked[]): Promise<void> {
  const begun = performance.now();
  while (performance.now() - begun < longestTogetherMs) {
    const next = asked.shift();
    if (next === undefined) return;
    try {
      next.answer(await tx.query(next.statement));
    } catch (error) {
      return next.fail(error);
    }
  }
}
