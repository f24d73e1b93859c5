import type { Queryable } from "../postgres/database.ts";
import { sql } from "../postgres/sql.ts";

/** Whether the server is reached without a network: then what this machine tells of itself is told of the server too. */
export async function isOnThisMachine(db: Queryable): Promise<boolean> {
  const { rows } = await db.query(sql`
    select pg_catalog.inet_server_addr() is null
      or pg_catalog.inet_server_addr() <<= inet '127.0.0.0/8'
      or pg_catalog.inet_server_addr() = inet '::1' as is_local`);
  return rows[0]?.is_local === "t";
}
