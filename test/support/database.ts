import { randomBytes } from "node:crypto";
import pg from "pg";
import { afterAll, beforeAll, inject } from "vitest";
import { forgetLeaks, watchForLeaks } from "./leaks.ts";

let sessions = 0;

/**
 * A session with a name of its own. Sessions of one name are an application, and every run on the tests' server
 * would give way to it.
 */
class TestSession extends pg.Client {
  constructor(config: pg.ClientConfig = {}) {
    sessions += 1;
    super({ ...config, application_name: `test ${process.pid} ${sessions}` });
  }
}

/** A database for one test file. */
export interface TestDatabase {
  readonly url: string;
  readonly name: string;
  readonly pool: pg.Pool;
  query(text: string, values?: readonly unknown[]): Promise<Record<string, unknown>[]>;
  /** Closes the pool and drops the database, even while sessions are connected. */
  drop(): Promise<void>;
}

/** Creates an empty database with a unique name, and with `properties` if given; the caller drops it. */
export async function createTestDatabase(properties = ""): Promise<TestDatabase> {
  const name = `test_${randomBytes(8).toString("hex")}`;
  await administer(`create database ${name} template template0 ${properties}`);
  const url = throughPooler(name) ?? urlOf(name);
  const pool = new pg.Pool({ connectionString: urlOf(name), max: 5, Client: TestSession });
  // A test may kill backends or the whole server; the next query reports it.
  pool.on("error", () => {});
  return {
    url,
    name,
    pool,
    query: async (text, values) =>
      (await pool.query(text, values === undefined ? undefined : [...values])).rows,
    drop: async () => {
      if (!pool.ended) await pool.end();
      await administer(`drop database if exists ${name} with (force)`);
    },
  };
}

/**
 * A fresh database for the test file that calls this at its top level, usable only in hooks and tests. After
 * each test, a connection of tidefill that is still open fails the test.
 */
export function useDatabase(): TestDatabase {
  const lazy = new LazyDatabase();
  beforeAll(async () => {
    lazy.database = await createTestDatabase();
    // A pooler keeps connections on purpose.
    if (inject("poolerUrl") === null) watchForLeaks(lazy.database);
  });
  afterAll(async () => {
    if (lazy.database === undefined) return;
    forgetLeaks(lazy.database);
    await lazy.database.drop();
  });
  return lazy;
}

class LazyDatabase implements TestDatabase {
  database: TestDatabase | undefined;

  get url(): string {
    return this.#current.url;
  }

  get name(): string {
    return this.#current.name;
  }

  get pool(): pg.Pool {
    return this.#current.pool;
  }

  query(text: string, values?: readonly unknown[]): Promise<Record<string, unknown>[]> {
    return this.#current.query(text, values);
  }

  drop(): Promise<void> {
    return this.#current.drop();
  }

  get #current(): TestDatabase {
    if (this.database === undefined) throw new Error("The database exists only inside hooks and tests.");
    return this.database;
  }
}

function throughPooler(name: string): string | null {
  const pooler = inject("poolerUrl");
  if (pooler === null) return null;
  const url = new URL(pooler);
  url.pathname = `/${name}`;
  return url.href;
}

/** The superuser's address of another database on the tests' server. */
export function urlOf(name: string): string {
  const url = new URL(inject("adminUrl"));
  url.pathname = `/${name}`;
  return url.href;
}

export async function administer(statement: string): Promise<void> {
  const client = new TestSession({ connectionString: inject("adminUrl") });
  client.on("error", () => {});
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
