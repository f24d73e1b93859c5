import { type Address, createPool } from "../postgres/connection/create-pool.ts";
import { Database } from "../postgres/transaction/database.ts";
import { Store } from "../store/store.ts";

/** How to reach the database. */
export interface ConnectionOptions extends Address {
  /** the schema of tidefill's own tables; `tidefill` when absent */
  readonly schema?: string | undefined;
}

/** Connects for `work`. */
export async function connected<T>(
  applicationName: string,
  { connectionString, password, schema }: ConnectionOptions,
  work: (db: Database, store: Store) => Promise<T>,
): Promise<T> {
  const db = new Database(createPool({ connectionString, password, applicationName, maxConnections: 2 }));
  try {
    return await work(db, new Store(schema));
  } finally {
    await db.close();
  }
}
