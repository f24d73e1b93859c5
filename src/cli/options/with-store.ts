import { Cluster } from "../../embedded/cluster.ts";
import { endpointName } from "../../postgres/connection/connect-failure.ts";
import type { Address } from "../../postgres/connection/create-pool.ts";
import { askCommand } from "../../postgres/connection/password.ts";
import { sql } from "../../postgres/sql/sql.ts";
import type { Database } from "../../postgres/transaction/database.ts";
import { requireSchema } from "../../store/schema/store-schema.ts";
import { type Session, withSession } from "../../store/session.ts";
import { emphasise, say, sayOnce } from "../terminal/output.ts";
import { mindEnvFile } from "./env-file.ts";
import type { CommonSettings } from "./settings.ts";

const defaultDirectory = ".tidefill/postgres";

/** Calls `work` with the address of the database that the settings name, after printing which it is. */
export async function withAddress<T>(
  settings: CommonSettings,
  work: (address: Address) => Promise<T>,
): Promise<T> {
  return located(settings, async (address) => {
    await withSession("tidefill", address, 1, ({ db }) => announce(db, settings.schema));
    return work(address);
  });
}

/** Calls `work` with the address that the settings name; an embedded database runs meanwhile. */
export async function located<T>(
  settings: CommonSettings,
  work: (address: Address) => Promise<T>,
): Promise<T> {
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

interface StoreOptions {
  /** true when absent */
  readonly needsSchema?: boolean;
  /** print first which database it is: for commands that change or predict something */
  readonly isAnnounced?: boolean;
}

/** Calls `work` with a connection, for commands that only read or set something. */
export async function withStore<T>(
  settings: CommonSettings,
  work: (session: Session) => Promise<T>,
  { needsSchema = true, isAnnounced = false }: StoreOptions = {},
): Promise<T> {
  return located(settings, (address) =>
    withSession("tidefill", { ...address, schema: settings.schema }, 2, async (session) => {
      const { db, store } = session;
      if (isAnnounced) await announce(db, settings.schema);
      if (needsSchema) await requireSchema(db, store.schema);
      return work(session);
    }),
  );
}

/** Prints once which server, database, role and schema are used. */
async function announce(db: Database, schema: string): Promise<void> {
  const { rows } = await db.query(
    sql`select current_database() as database, current_user as role, current_schema() as first`,
  );
  const { database, role, first } = rows[0] ?? {};
  const line = `${endpointName(db.endpoint)}/${database} as ${role}, ${first === null ? "without a schema" : `schema ${first}`}; tidefill's tables in schema ${schema}`;
  sayOnce(`${emphasise("cyan", "→")} ${line}`);
}
