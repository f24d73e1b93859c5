import { type Address, createPool } from "../postgres/connection/create-pool.ts";
import { Database } from "../postgres/transaction/database.ts";
import { within } from "../within.ts";
import { Store } from "./store.ts";

/** A connected database, and tidefill's own tables in it. */
export interface Session {
  readonly db: Database;
  readonly store: Store;
}

/** How to reach the database, and tidefill's own tables in it. */
export interface SessionOptions extends Address {
  /** the schema of tidefill's own tables; `tidefill` when absent */
  readonly schema?: string | undefined;
}

/** How long to wait for a connection that hangs while it is closed. */
const longestCloseMs = 3_000;

/** Connects for `work` with at most `maxConnections` connections, and closes them afterwards. */
export async function withSession<T>(
  applicationName: string,
  { connectionString, password, schema }: SessionOptions,
  maxConnections: number,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const db = new Database(createPool({ connectionString, password, applicationName, maxConnections }));
  try {
    return await work({ db, store: new Store(schema) });
  } finally {
    await within(longestCloseMs, db.close());
  }
}
