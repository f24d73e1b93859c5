import pg from "pg";
import type { TestProject } from "vitest/node";
import { Cluster } from "../../src/embedded/cluster.ts";
import { Pgbouncer } from "./pgbouncer.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** the major version of PostgreSQL of all servers that tests start */
    readonly postgresVersion: number;
    /** The superuser's address of the server that holds all test databases. */
    readonly adminUrl: string;
    /** the same server through a pooler, for tidefill itself; null where the tests connect directly */
    readonly poolerUrl: string | null;
  }
}

/** A crash of the machine may lose the tests' data, but the running server must not lose a commit. */
const settings = {
  fsync: "off",
  full_page_writes: "off",
  max_connections: "200",
  max_prepared_transactions: "10",
  wal_level: "logical",
  autovacuum: "on",
};

/**
 * `npm run test:pgbouncer`: tidefill goes through a pooler in transaction mode, and the tests query directly.
 */
const isPooled = process.env.TIDEFILL_TEST_PGBOUNCER === "1";

/** One server for all test files, or the one named by `TIDEFILL_TEST_DATABASE_URL`. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env.TIDEFILL_TEST_DATABASE_URL;
  if (given !== undefined) {
    project.provide("adminUrl", given);
    project.provide("postgresVersion", await withClient(given, versionOf));
    project.provide("poolerUrl", null);
    return async () => {};
  }
  const cluster = await Cluster.open({ settings });
  await withClient(cluster.url(), hashPasswordOnce);
  project.provide("postgresVersion", await withClient(cluster.url(), versionOf));
  project.provide("adminUrl", cluster.url());
  const pooler = isPooled ? await Pgbouncer.before(cluster.url(), 4) : null;
  project.provide("poolerUrl", pooler?.url ?? null);
  return async () => {
    await pooler?.stop();
    await cluster.stop("immediate");
  };
}

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

async function versionOf(client: pg.Client): Promise<number> {
  const { rows } = await client.query("select current_setting('server_version_num')::integer as version");
  return Math.floor(rows[0].version / 10_000);
}

/** Saves each connection milliseconds of both sides' processor time: the tests open thousands. */
async function hashPasswordOnce(client: pg.Client): Promise<void> {
  // PostgreSQL 14 and 15 do not know the setting.
  await client.query("select set_config(name, '1', false) from pg_settings where name = 'scram_iterations'");
  const { password } = client;
  await client.query(`alter role current_user password ${client.escapeLiteral(password ?? "")}`);
}
