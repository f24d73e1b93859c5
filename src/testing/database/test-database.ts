import type pg from "pg";
import type { ConnectionPool } from "../../postgres/connection/connection-pool.ts";
import { createPool } from "../../postgres/connection/create-pool.ts";
import { plainValues } from "./plain-values.ts";

/** A database of one test, which is dropped when the test is over. */
export class TestDatabase {
  /** for `runJob` and anything else that connects */
  readonly connectionString: string;
  #pool: ConnectionPool | undefined;

  constructor(connectionString: string) {
    this.connectionString = connectionString;
  }

  /** The same under a shorter name. */
  get url(): string {
    return this.connectionString;
  }

  get name(): string {
    return decodeURIComponent(new URL(this.connectionString).pathname.slice(1));
  }

  /**
   * Runs SQL and answers its rows, each value as a transform sees it: `bigint` as a bigint, `numeric` and
   * timestamps as text, JSON parsed. Without parameters it may be several statements; the rows are those of
   * the last.
   */
  async query<Row extends object = Record<string, unknown>>(
    text: string,
    parameters?: readonly unknown[],
  ): Promise<Row[]> {
    this.#pool ??= this.#connect();
    const answers = await this.#pool.query<Row>(text, parameters);
    // pg answers a list for several statements.
    const last = Array.isArray(answers) ? (answers as pg.QueryResult<Row>[]).at(-1) : answers;
    return last?.rows ?? [];
  }

  /** Closes its own connections; the next query opens one again. */
  async disconnect(): Promise<void> {
    const pool = this.#pool;
    this.#pool = undefined;
    await pool?.end();
  }

  #connect(): ConnectionPool {
    return createPool({
      connectionString: this.connectionString,
      applicationName: "test",
      maxConnections: 4,
      types: plainValues,
    });
  }
}
