import type { Database, Queryable, Result } from "./database.ts";
import type { Sql } from "./sql.ts";

const longestLookMs = 2_000;

/** Asks without a trace: each statement in a transaction that is rolled back, and given up when it takes long. */
export class Onlooker implements Queryable {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async query(statement: Sql): Promise<Result> {
    const limits = { lockMs: 500, statementMs: longestLookMs, wholeMs: 2 * longestLookMs };
    return this.#db.rolledBack((tx) => tx.query(statement), limits);
  }
}
