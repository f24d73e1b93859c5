import type { Readable, Writable } from "node:stream";
import type pg from "pg";
import type { ConnectionPool } from "../connection/connection-pool.ts";
import type { Endpoint } from "../connection/connection-settings.ts";
import {
  afterAlone,
  aloneStatement,
  defaultLimits,
  plainName,
  type TransactionLimits,
} from "../connection/transaction-limits.ts";
import { leavesConnectionUnfit } from "../failure/failure.ts";
import { type Sql, sql } from "../sql/sql.ts";
import { isPooled, marked, pidOf, pidWhileOpen } from "./backend.ts";
import { begin, commit } from "./commit.ts";
import { copyIn, copyOut } from "./copy.ts";
import { readWithCursor } from "./read-with-cursor.ts";

/** A row by column name, each value as PostgreSQL's text. */
export type Row = Readonly<Record<string, string | null>>;

export interface Result {
  readonly rows: readonly Row[];
  /** Rows that an insert, update or delete changed. */
  readonly count: number;
}

/** Anything that runs one statement. */
export interface Queryable {
  query(statement: Sql): Promise<Result>;
}

/** An open transaction; it ends with the work that it was passed to. */
export class Transaction implements Queryable {
  readonly #client: pg.PoolClient;
  readonly #observer: Queryable | null;
  readonly #comment: string;

  /** `name` precedes each statement as a comment. */
  constructor(client: pg.PoolClient, name?: string, observer: Queryable | null = null) {
    this.#client = client;
    this.#observer = observer;
    this.#comment = name === undefined ? "" : `/* ${plainName(name)} */ `;
  }

  /** The same transaction, whose single statements go through an observer; reads by a cursor do not. */
  observedBy(observer: Queryable): Transaction {
    return new Transaction(this.#client, undefined, observer);
  }

  async query(statement: Sql): Promise<Result> {
    if (this.#observer !== null) return this.#observer.query(statement);
    const { text, values } = statement.toQuery();
    const { rows, rowCount } = await this.#client.query<Record<string, string | null>>(
      `${this.#comment}${text}`,
      values,
    );
    return { rows, count: rowCount ?? 0 };
  }

  /** The process id of its backend, as SQL that gives null once the transaction is over. */
  pid(): Promise<Sql> {
    return pidWhileOpen(this.#client);
  }

  /** Reads rows as arrays of text, `portion()` rows a round trip; leaving the loop closes the cursor. */
  read(statement: Sql, portion: () => number): AsyncGenerator<readonly (readonly (string | null)[])[]> {
    return readWithCursor(this.#client, statement, portion, this.#comment);
  }

  /** Passes what a `copy … to stdout` sends to `consume`, which must read it to its end. */
  copyOut(statement: Sql, consume: (rows: Readable) => Promise<void>): Promise<void> {
    return copyOut(this.#client, statement, consume);
  }

  /** Passes to `produce` the stream that a `copy … from stdin` reads; `produce` writes and ends it. */
  copyIn(statement: Sql, produce: (rows: Writable) => Promise<void>): Promise<void> {
    return copyIn(this.#client, statement, produce);
  }
}

/** The database as the engine sees it: transactions that always end, and single statements in their own. */
export class Database implements Queryable {
  readonly #pool: ConnectionPool;
  readonly #session: Readonly<Record<string, string>>;
  readonly #limits: Partial<TransactionLimits>;

  /** `limits` apply to each transaction that does not set its own. */
  constructor(
    pool: ConnectionPool,
    session: Readonly<Record<string, string>> = {},
    limits: Partial<TransactionLimits> = {},
  ) {
    this.#pool = pool;
    this.#session = session;
    this.#limits = limits;
  }

  /** The same database, with these custom settings in each of its transactions. */
  withSettings(session: Readonly<Record<string, string>>): Database {
    return Object.keys(session).length === 0 ? this : new Database(this.#pool, session, this.#limits);
  }

  /** The same database with other limits. */
  withLimits(limits: Partial<TransactionLimits>): Database {
    return new Database(this.#pool, this.#session, { ...this.#limits, ...limits });
  }

  /** Runs one statement in a transaction of its own, under the default limits. */
  async query(statement: Sql): Promise<Result> {
    return this.transaction((tx) => tx.query(statement));
  }

  /**
   * Runs `work` between BEGIN and COMMIT; rolls back and rethrows when it throws. Resolves only when
   * PostgreSQL answered `COMMIT`: after an error inside, it answers `ROLLBACK` without an error.
   * @throws CommitUnknownError when the connection broke during the commit
   */
  async transaction<T>(work: (tx: Transaction) => Promise<T>, own?: Partial<TransactionLimits>): Promise<T> {
    return this.#between(work, { ...this.#limits, ...own }, commit);
  }

  /** Runs `work` and always rolls it back. */
  async rolledBack<T>(work: (tx: Transaction) => Promise<T>, own?: Partial<TransactionLimits>): Promise<T> {
    return this.#between(work, { ...this.#limits, ...own }, (client) => client.query("rollback"));
  }

  async #between<T>(
    work: (tx: Transaction) => Promise<T>,
    limits: Partial<TransactionLimits>,
    end: (client: pg.PoolClient) => Promise<unknown>,
  ): Promise<T> {
    return this.#withClient(limits.wholeMs, async (client) => {
      const { searchPath } = this.#pool.settings;
      await begin(client, { limits, searchPath, session: this.#session });
      const result = await workOrRollBack(client, work, limits.name);
      await end(client);
      return result;
    });
  }

  /**
   * Runs a statement that PostgreSQL allows only outside of a transaction, for as long as it takes. `begins`
   * is called with the backend's pid (null while it is not running) before the statement is sent. Behind a
   * pooler only the role's own limits apply: our settings would reach other clients.
   */
  async alone(
    statement: Sql,
    { lockMs, wholeMs }: Pick<TransactionLimits, "lockMs" | "wholeMs">,
    begins: (pid: Sql) => Promise<void>,
  ): Promise<void> {
    await this.#withClient(wholeMs, async (client) => {
      const { text } = statement.toQuery();
      const pid = await pidOf(client);
      if (isPooled(client, pid)) {
        const { markedText, runsAs } = marked(text);
        await begins(runsAs);
        await client.query(markedText);
        return;
      }
      await client.query(aloneStatement(lockMs, this.#pool.settings.searchPath));
      try {
        await begins(sql`${pid}::integer`);
        await client.query(text);
      } finally {
        await client.query(afterAlone).catch(() => unfit.add(client));
      }
    });
  }

  /** Whether a pooler stands in between, which gives each transaction another session. */
  async isPooled(): Promise<boolean> {
    return this.#withClient(undefined, async (client) => isPooled(client, await pidOf(client)));
  }

  /** Works on one connection, so that temporary objects survive from one transaction to the next. */
  async onOneConnection<T>(work: (db: Database) => Promise<T>): Promise<T> {
    const pool = this.#pool.ofOne();
    try {
      return await work(new Database(pool, this.#session));
    } finally {
      await pool.end();
    }
  }

  /** The server that new connections go to. */
  get endpoint(): Endpoint {
    return this.#pool.endpoint;
  }

  /** From now on allows up to `count` transactions at a time. */
  allowConnections(count: number): void {
    this.#pool.allow(count);
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }

  async #withClient<T>(
    wholeMs = defaultLimits.wholeMs,
    work: (client: pg.PoolClient) => Promise<T>,
  ): Promise<T> {
    const client = await this.#pool.connect();
    // The server's timeouts do not help when the network loses its answer.
    const watchdog = setTimeout(
      () => void (client as unknown as pg.Client).end().catch(() => {}),
      wholeMs + 5_000,
    );
    let broken: Error | undefined;
    try {
      return await work(client);
    } catch (error) {
      if (leavesConnectionUnfit(error)) broken = error as Error;
      throw error;
    } finally {
      clearTimeout(watchdog);
      client.release(broken ?? unfit.has(client));
    }
  }
}

async function workOrRollBack<T>(
  client: pg.PoolClient,
  work: (tx: Transaction) => Promise<T>,
  name: string | undefined,
): Promise<T> {
  try {
    return await work(new Transaction(client, name));
  } catch (error) {
    // When even this fails, the connection is gone and PostgreSQL rolls back by itself: the error of `work`
    // says more.
    await client.query("rollback").catch((failure: unknown) => {
      unfit.add(client);
      if (error instanceof Error && error.cause === undefined) error.cause = failure;
    });
    throw error;
  }
}

/** Connections that failed to roll back or to reset: never reused. */
const unfit = new WeakSet<pg.PoolClient>();
