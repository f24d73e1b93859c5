import type pg from "pg";
import { Cluster } from "../../embedded/cluster.ts";
import { createPool } from "../../postgres/connection/create-pool.ts";

/** The data of a test is not kept: nothing need survive a crash of the machine. */
const settings = { fsync: "off", full_page_writes: "off", synchronous_commit: "off", timezone: "UTC" };

let embedded: Promise<Cluster> | undefined;

/**
 * The server that all tests of this process use: the one of `TIDEFILL_TEST_DATABASE_URL`, else one of our
 * own. Ours is started once, ends with the process, and does not keep it alive.
 */
export async function serverUrl(): Promise<string> {
  const given = process.env.TIDEFILL_TEST_DATABASE_URL;
  if (given !== undefined && given !== "") return given;
  embedded ??= Cluster.open({ settings });
  return (await embedded).url();
}

/** The address of another database on a server. */
export function urlOn(server: string, database: string): string {
  const url = new URL(server);
  url.pathname = `/${database}`;
  return url.href;
}

/** Gives `work` a connection, and always closes it: an open one would keep the process alive. */
export async function connected<T>(url: string, work: (client: pg.ClientBase) => Promise<T>): Promise<T> {
  const pool = createPool({ connectionString: url, applicationName: "test", maxConnections: 1 });
  try {
    const client = await pool.connect();
    return await work(client).finally(() => client.release());
  } finally {
    await pool.end();
  }
}
