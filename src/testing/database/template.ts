import { createHash } from "node:crypto";
import { fill, readSchema, type Schema } from "./schema.ts";
import { connected, urlOn } from "./server-url.ts";

/** Templates that this process has made or found, by server and name. */
const made = new Map<string, Promise<unknown>>();

/**
 * The name of a database that holds only this schema; made once, even when many tests ask at the same time.
 */
export async function templateOf(server: string, schema: Schema): Promise<string> {
  const parts = await readSchema(schema);
  const hash = createHash("sha256").update(JSON.stringify(parts.map(({ text }) => text)));
  const name = `test_template_${hash.digest("hex").slice(0, 16)}`;
  const place = urlOn(server, name);
  let making = made.get(place);
  if (making === undefined) {
    making = make(server, name, (draft) => fill(urlOn(server, draft), parts));
    made.set(place, making);
  }
  await making;
  return name;
}

// On a user's server other processes may make it too: only one does, and under its name it is always whole.
async function make(server: string, name: string, fillIn: (draft: string) => Promise<void>): Promise<void> {
  await connected(server, async (client) => {
    await client.query("select pg_advisory_lock(hashtextextended($1, 0))", [name]);
    const { rowCount } = await client.query("select from pg_database where datname = $1", [name]);
    if (rowCount !== 0) return;
    const draft = `${name}_draft`;
    await client.query(`drop database if exists ${draft} with (force)`);
    await client.query(`create database ${draft} template template0`);
    await fillIn(draft);
    // PostgreSQL copies only a database without connections.
    await client.query(`alter database ${draft} with allow_connections false`);
    await client.query(`alter database ${draft} rename to ${name}`);
  });
}
