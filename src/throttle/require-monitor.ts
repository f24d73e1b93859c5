import type { Queryable } from "../postgres/database.ts";
import { sql } from "../postgres/sql.ts";
import { SignalBlindError } from "./signal.ts";

/** What others do is hidden from a role without `pg_monitor`. @throws SignalBlindError naming the grant */
export async function requireMonitor(db: Queryable, what: string): Promise<void> {
  const { rows } = await db.query(sql`
    select current_user as role, pg_catalog.pg_has_role('pg_monitor', 'usage') as may`);
  if (rows[0]?.may === "t") return;
  throw new SignalBlindError(`${what} cannot be seen: grant pg_monitor to ${rows[0]?.role}`);
}
