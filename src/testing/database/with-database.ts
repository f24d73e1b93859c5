import { UsageError } from "../../errors.ts";
import type { Schema } from "./schema.ts";
import { serverUrl } from "./server-url.ts";
import { templateOf } from "./template.ts";
import type { TestDatabase } from "./test-database.ts";
import { withCopyOf } from "./with-copy.ts";

export interface DatabaseOptions {
  /**
   * SQL, or a file of SQL (a URL, or a path that ends in `.sql`); several are run in order. Run once, then
   * copied.
   */
  readonly schema?: Schema | undefined;
  /** a database of your own server to copy instead, for example one that your migrations have made */
  readonly template?: string | undefined;
}

/**
 * Gives a test a database of its own, and drops it when the test is over. It is on a PostgreSQL that tidefill
 * brings, or on the server of `TIDEFILL_TEST_DATABASE_URL`, whose user must be allowed to create databases.
 */
export async function withDatabase<T>(
  test: (database: TestDatabase) => Promise<T>,
  { schema, template }: DatabaseOptions = {},
): Promise<T> {
  if (schema !== undefined && template !== undefined)
    throw new UsageError("A schema and a template exclude each other.", {
      remedy: "Give one of them; the test can do the rest by itself: await database.query(…).",
    });
  const server = await serverUrl();
  const copied = template ?? (schema === undefined ? "template0" : await templateOf(server, schema));
  return withCopyOf(server, copied, test);
}
