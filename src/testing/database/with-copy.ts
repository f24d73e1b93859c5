import { randomBytes } from "node:crypto";
import pg from "pg";
import { UsageError } from "../../errors.ts";
import { quoteIdentifier } from "../../postgres/sql/sql.ts";
import { connected, urlOn } from "./server-url.ts";
import { TestDatabase } from "./test-database.ts";

/**
 * Gives `work` a copy of a database of this server, and always drops it, even when sessions are still
 * connected.
 */
export async function withCopyOf<T>(
  server: string,
  template: string,
  work: (copy: TestDatabase) => Promise<T>,
): Promise<T> {
  const name = `test_${randomBytes(8).toString("hex")}`;
  await connected(server, (client) => create(client, name, template));
  const database = new TestDatabase(urlOn(server, name));
  try {
    return await work(database);
  } finally {
    // Before the disconnect, which would wait for a query that the test has not awaited.
    await connected(server, (client) => client.query(`drop database if exists ${name} with (force)`));
    await database.disconnect();
  }
}

const isInUse = "55006";
const isMissing = "3D000";

async function create(client: pg.ClientBase, name: string, template: string): Promise<void> {
  try {
    await client.query(`create database ${name} template ${quoteIdentifier(template)}`);
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error;
    if (error.code === isMissing)
      throw new UsageError(`There is no database ${template} to copy.`, {
        remedy: "Name one on the server of TIDEFILL_TEST_DATABASE_URL.",
        cause: error,
      });
    if (error.code !== isInUse) throw error;
    const { rows } = await client.query<{ who: string }>(
      "select format('%s (%s)', pid, application_name) as who from pg_stat_activity where datname = $1",
      [template],
    );
    throw new UsageError(
      `The database ${template} cannot be copied while other sessions are connected to it: ${rows.map(({ who }) => who).join(", ")}.`,
      { remedy: "Close your own connections first.", cause: error },
    );
  }
}
