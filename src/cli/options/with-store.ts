import { Cluster } from "../../embedded/cluster.ts";
import { nameOf } from "../../postgres/connection/connect-failure.ts";
import type { ConnectionPool } from "../../postgres/connection/connection-pool.ts";
import { type Address, createPool } from "../../postgres/connection/create-pool.ts";
import { askCommand } from "../../postgres/connection/password.ts";
import { sql } from "../../postgres/sql/sql.ts";
import { Database } from "../../postgres/transaction/database.ts";
import { requireSchema } from "../../store/schema/store-schema.ts";
import { Store } from "../../store/store.ts";
import { emphasise, say } from "../terminal/output.ts";
import { mindEnvFile } from "./env-file.ts";
import type { CommonSettings } from "./settings.ts";

const defaultDirectory = ".tidefill/postgres";

/** Calls `work` with the address of the database that the settings name, after saying which it is. */
export async function withAddress<T>(
  settings: CommonSettings,
  work: (address: Address) => Promise<T>,
): Promise<T> {
  return located(settings, async (address) => {
    await connected(address, (pool) => announce(pool, settings.schema));
    return work(address);
  });
}

/** Calls `work` with the address that the settings name; an embedded database runs meanwhile. */
async function located<T>(settings: CommonSettings, work: (address: Address) => Promise<T>): Promise<T> {
  const { databaseUrl, embedded, passwordCommand } = settings;
  mindEnvFile(settings);
  if (embedded === undefined) {
    const password = passwordCommand === undefined ? undefined : askCommand(passwordCommand);
    return work({ connectionString: databaseUrl, password });
  }
  const directory = embedded === "" ? defaultDirectory : embedded;
  const cluster = await Cluster.open({ directory });
  if (cluster.owned) say(`Embedded PostgreSQL in ${directory}, while this command runs: ${cluster.url()}`);
  try {
    return await work({ connectionString: cluster.url() });
  } finally {
    await cluster.stop();
  }
}

async function connected<T>(address: Address, work: (pool: ConnectionPool) => Promise<T>): Promise<T> {
  const pool = createPool({ ...address, applicationName: "tidefill", maxConnections: 2 });
  try {
    return await work(pool);
  } finally {
    await pool.end();
  }
}

interface StoreOptions {
  /** true when absent */
  readonly needsSchema?: boolean;
  /** say first which database it is: for what changes something, or foretells it */
  readonly isAnnounced?: boolean;
}

/** Calls `work` with a connection, for commands that only read or set something. */
export async function withStore<T>(
  settings: CommonSettings,
  work: (db: Database, store: Store) => Promise<T>,
  { needsSchema = true, isAnnounced = false }: StoreOptions = {},
): Promise<T> {
  return located(settings, (address) =>
    connected(address, async (pool) => {
      if (isAnnounced) await announce(pool, settings.schema);
      const db = new Database(pool);
      const store = new Store(settings.schema);
      if (needsSchema) await requireSchema(db, store.schema);
      return work(db, store);
    }),
  );
}

let announced: string | null = null;

/** Says once to which server and database it goes, as whom, and where tables are looked for. */
async function announce(pool: ConnectionPool, schema: string): Promise<void> {
  const { rows } = await new Database(pool).query(
    sql`select current_database() as database, current_user as role, current_schema() as first`,
  );
  const { database, role, first } = rows[0] ?? {};
  const line = `${nameOf(pool.endpoint)}/${database} as ${role}, ${first === null ? "without a schema" : `schema ${first}`}; tidefill's tables in schema ${schema}`;
  if (line !== announced) say(`${emphasise("cyan", "→")} ${line}`);
  announced = line;
}
