import { createPool } from "../postgres/connect.ts";
import { Database } from "../postgres/database.ts";
import { Store } from "../store/store.ts";

/** How to reach the database. */
export interface ConnectionOptions {
  /** `postgres://…`; when absent, `DATABASE_URL`, else libpq's `PG*` variables */
  readonly connectionString?: string | undefined;
  /** the schema of tidefill's own tables; `tidefill` when absent */
  readonly schema?: string | undefined;
}

/** Connects for `work`. */
export async function connected<T>(
  applicationName: string,
  { connectionString, schema }: ConnectionOptions,
  work: (db: Database, store: Store) => Promise<T>,
): Promise<T> {
  const db = new Database(createPool({ connectionString, applicationName, maxConnections: 2 }));
  try {
    return await work(db, new Store(schema));
  } finally {
    await db.close();
  }
}
