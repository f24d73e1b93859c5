import type { TestContext } from "vitest";
import type { TestDatabase } from "./database.ts";

/** Skips a test on servers before a version of PostgreSQL, which lack what it is about. */
export async function skipBefore(
  database: TestDatabase,
  major: number,
  { skip }: TestContext,
): Promise<void> {
  const [server] = await database.query("select current_setting('server_version_num')::integer as version");
  skip(Number(server?.version) < 10_000 * major, `PostgreSQL before ${major} does not have this`);
}
