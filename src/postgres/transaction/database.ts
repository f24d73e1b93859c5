import type { Readable, Writable } from "node:stream";
import type pg from "pg";
import type { ConnectionPool } from "../connection/connection-pool.ts";
import type { Endpoint } from "../connection/connection-settings.ts";
import {
  afterAlone,
  aloneStatement,
  beginStatement,
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
  /** Rows that an insert, update or delete touched. */
  readonly count: number;
}

/** Anything that runs one statement. */
export interface Queryable {
  query(statement: Sql): Promise<Result>;
}

/** An open transaction; it ends when the work that it was given to ends. */
export class Transaction implements Queryable {
  readonly #client: pg.PoolClient;
  readonly #observer: Queryable | null;
  readonly #comment: string;

  /** `name` stands before each statement as a comment. */
  constructor(client: pg.PoolClient, name?: string, observer: Queryable | null = null) {
    this.#client = client;
    this.#observer = observer;
    this.#comment = name === undefined ? "" : `/* ${plainName(name)} */ `;
  }

  /** The same transaction, its single statements going through an observer; reads by a cursor go as ever. */
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

  /** The process id of its backend; null when it is over. */
  pid(): Promise<Sql> {
    return pidWhileOpen(this.#client);
  }

  /** Reads rows as arrays of text, `portion()` rows a round trip; leaving the loop closes the cursor. */
  read(statement: Sql, portion: () => number): AsyncGenerator<readonly (readonly (string | null)[])[]> {
    return readWithCursor(this.#client, statement, portion, this.#comment);
  }

  /** Hands what a `copy … to stdout` sends to `consume`, which must read it to its end. */
  copyOut(statement: Sql, consume: (rows: Readable) => Promise<void>): Promise<void> {
    return copyOut(this.#client, statement, consume);
  }

  /** Hands `produce` what a `copy … from stdin` reads, to be written and ended. */
  copyIn(statement: Sql, produce: (rows: Writable) => Promise<void>): Promise<void> {
    return copyIn(this.#client, statement, produce);
  }
}

/** The database as the engine sees it: transactions that end surely, and single statements in one of their own. */
export class Database implements Queryable {
  readonly #pool: ConnectionPool;
  readonly #session: Readonly<Record<string, string>>;
  readonly #limits: Partial<TransactionLimits>;

  /** `limits` hold for each transaction that does not say otherwise. */
  constructor(
    pool: ConnectionPool,
    session: Readonly<Record<string, string>> = {},
    limits: Partial<TransactionLimits> = {},
  ) {
    this.#pool = pool;
    this.#session = session;
    this.#limits = limits;
  }

  /** The same whose transactions have these custom settings, each for itself. */
  withSettings(session: Readonly<Record<string, string>>): Database {
    return Object.keys(session).length === 0 ? this : new Database(this.#pool, session, this.#limits);
  }

  /** The same with other limits. */
  withLimits(limits: Partial<TransactionLimits>): Database {
    return new Database(this.#pool, this.#session, { ...this.#limits, ...limits });
  }

  /** One statement in a transaction of its own, under the default limits. */
  async query(statement: Sql): Promise<Result> {
    return this.transaction((tx) => tx.query(statement));
  }

  /**
   * Runs `work` between BEGIN and COMMIT; what it throws is thrown after a ROLLBACK.
   * Resolves only when PostgreSQL said `COMMIT`: after an error inside, COMMIT answers `ROLLBACK` and no error.
   * @throws CommitUnknownError when the connection broke while the commit was under way
   */
  async transaction<T>(work: (tx: Transaction) => Promise<T>, own?: Partial<TransactionLimits>): Promise<T> {
    return this.#between(work, { ...this.#limits, ...own }, commit);
  }

  /** Runs `work` and rolls it back in any case. */
  async rolledBack<T>(work: (tx: Transaction) => Promise<T>, own?: Partial<TransactionLimits>): Promise<T> {
    return this.#between(work, { ...this.#limits, ...own }, (client) => client.query("rollback"));
  }

  async #between<T>(
    work: (tx: Transaction) => Promise<T>,
    limits: Partial<TransactionLimits>,
    end: (client: pg.PoolClient) => Promise<unknown>,
  ): Promise<T> {
    return this.#withClient(limits.wholeMs, async (client) => {
      await begin(client, this.#begin(limits));
      const result = await workOrRollBack(client, work, limits.name);
      await end(client);
      return result;
    });
  }

  /**
   * One statement outside of any transaction, for those that PostgreSQL wants so; it may take as long as it takes. `begins`
   * hears before it is sent by which process id it is done; null while it is not. Behind a pooler, which would hand our settings
   * to others, there is no limit but the role's own.
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

  /** Works on one connection, which keeps what is temporary from one transaction to the next. */
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

  /** Lets so many transactions be open at a time from now on. */
  allowConnections(count: number): void {
    this.#pool.allow(count);
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }

  #begin(limits: Partial<TransactionLimits> | undefined): string {
    return beginStatement(limits, this.#pool.settings.searchPath, this.#session);
  }

  async #withClient<T>(
    wholeMs = defaultLimits.wholeMs,
    work: (client: pg.PoolClient) => Promise<T>,
  ): Promise<T> {
    const client = await this.#pool.connect();
    // The server's timeouts cannot help when the network swallows their answer.
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
    // When even this fails the connection is gone, and PostgreSQL rolls back by itself: what `work` threw says more.
    await client.query("rollback").catch((failure: unknown) => {
      unfit.add(client);
      if (error instanceof Error && error.cause === undefined) error.cause = failure;
    });
    throw error;
  }
}

/** Connections that failed to roll back: never to be used again. */
const unfit = new WeakSet<pg.PoolClient>();
