import { UsageError } from "../../errors.ts";
import type { Schema } from "./schema.ts";
import { serverUrl } from "./server-url.ts";
import { templateOf } from "./template.ts";
import type { TestDatabase } from "./test-database.ts";
import { withCopyOf } from "./with-copy.ts";

export interface DatabaseOptions {
  /** SQL, or a file of it: a URL, or a path that ends in `.sql`; several are run in their order. Run once, then copied. */
  readonly schema?: Schema | undefined;
  /** a database of your own server that is copied instead, for example one that your migrations have made */
  readonly template?: string | undefined;
}

/**
 * Gives a test a database of its own, and drops it when the test is over. It lives on a PostgreSQL that tidefill brings, or on
 * the one that `TIDEFILL_TEST_DATABASE_URL` names, as a user who may create databases.
 */
export async function withDatabase<T>(
  test: (database: TestDatabase) => Promise<T>,
  { schema, template }: DatabaseOptions = {},
): Promise<T> {
  if (schema !== undefined && template !== undefined)
    throw new UsageError("A schema and a template exclude each other.", {
      remedy: "What else the test needs it can do itself: await database.query(…).",
    });
  const server = await serverUrl();
  const copied = template ?? (schema === undefined ? "template0" : await templateOf(server, schema));
  return withCopyOf(server, copied, test);
}
