import { sql } from "../postgres/sql/sql.ts";
import type { Database } from "../postgres/transaction/database.ts";

/** Where a backup comes from. */
export interface ServerFacts {
  readonly version: string;
  /** null where the role may not read it */
  readonly systemIdentifier: string | null;
  readonly database: string;
}

export async function readServerFacts(db: Database): Promise<ServerFacts> {
  const { rows } = await db.query(sql`
    select pg_catalog.current_setting('server_version') as version,
      pg_catalog.current_database() as database`);
  return {
    version: rows[0]?.version ?? "",
    database: rows[0]?.database ?? "",
    systemIdentifier: await readSystemIdentifier(db),
  };
}

/** The moment by the database's clock: ISO 8601 in UTC. */
export async function readClock(db: Database): Promise<string> {
  const { rows } = await db.query(sql`
    select pg_catalog.to_char(
      pg_catalog.clock_timestamp() at time zone 'UTC',
      'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as now`);
  return rows[0]?.now ?? "";
}

async function readSystemIdentifier(db: Database): Promise<string | null> {
  const { rows: may } = await db.query(sql`
    select pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'execute') as may`);
  if (may[0]?.may !== "t") return null;
  const { rows } = await db.query(sql`select system_identifier from pg_catalog.pg_control_system()`);
  return rows[0]?.system_identifier ?? null;
}
