import pg from "pg";
import type { Cluster } from "../../../src/embedded/cluster.ts";

/** Asks on a new connection, since a server that is restarted cuts all others. */
export async function askAnew(
  cluster: Cluster,
  text: string,
  values: readonly unknown[] = [],
): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: cluster.url() });
  client.on("error", () => {});
  await client.connect();
  try {
    const parameters = values.length === 0 ? undefined : [...values];
    return (await client.query<Record<string, unknown>>(text, parameters)).rows;
  } finally {
    await client.end();
  }
}
