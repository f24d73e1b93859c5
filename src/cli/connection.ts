import { Cluster } from "../embedded/cluster.ts";
import { createPool } from "../postgres/connect.ts";
import { Database } from "../postgres/database.ts";
import { requireSchema } from "../store/schema.ts";
import { Store } from "../store/store.ts";
import { say } from "./output.ts";
import type { CommonSettings } from "./settings.ts";

const defaultDirectory = ".tidefill/postgres";

/** Calls `work` with the address of the database that the settings name; an embedded one runs meanwhile. */
export async function withAddress<T>(
  settings: CommonSettings,
  work: (connectionString: string | undefined) => Promise<T>,
): Promise<T> {
  if (settings.embedded === undefined) return work(settings.databaseUrl);
  const directory = settings.embedded === "" ? defaultDirectory : settings.embedded;
  const cluster = await Cluster.open({ directory });
  if (cluster.owned) say(`Embedded PostgreSQL in ${directory}, while this command runs: ${cluster.url()}`);
  try {
    return await work(cluster.url());
  } finally {
    await cluster.stop();
  }
}

/** Calls `work` with a connection, for commands that only read or set something. */
export async function withStore<T>(
  settings: CommonSettings,
  work: (db: Database, store: Store) => Promise<T>,
  options: { readonly needsSchema: boolean } = { needsSchema: true },
): Promise<T> {
  return withAddress(settings, async (connectionString) => {
    const db = new Database(createPool({ connectionString, applicationName: "tidefill", maxConnections: 2 }));
    const store = new Store(settings.schema);
    try {
      if (options.needsSchema) await requireSchema(db, store.schema);
      return await work(db, store);
    } finally {
      await db.close();
    }
  });
}
