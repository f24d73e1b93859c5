import { randomInt } from "node:crypto";
import { createServer } from "node:net";
import pg from "pg";
import { TidefillError } from "../errors.ts";

/** The address of a database of a server on this machine. */
export function localUrl(port: number, password: string, database: string): string {
  return `postgres://postgres:${password}@127.0.0.1:${port}/${encodeURIComponent(database)}`;
}

/** Asks the server once; undefined when it answers a query, else why not. */
export async function knock(url: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  // The next call reports a connection that breaks between two calls.
  client.on("error", () => {});
  try {
    await client.connect();
    await client.query("select 1");
    return undefined;
  } catch (error) {
    return error;
  } finally {
    await client.end().catch(() => {});
  }
}

/**
 * A port that is free at this moment, below those that systems give to outgoing connections: otherwise a
 * client that keeps trying to reach a stopped server could be given the server's own port, and hold it.
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    const port = randomInt(20_000, 32_768);
    if (await isFree(port)) return port;
  }
  throw new TidefillError("embedded-start", "No free port was found between 20000 and 32767 on 127.0.0.1.");
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
