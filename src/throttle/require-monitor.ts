import { sql } from "../postgres/sql/sql.ts";
import type { Queryable, Row } from "../postgres/transaction/database.ts";
import { SignalBlindError } from "./signal.ts";

/** Columns for `requireMonitorIn`: they go into a signal's own query, so the check needs no second query. */
export const monitorRight = sql`current_user as role, pg_catalog.pg_has_role('pg_monitor', 'usage') as may`;

/** Without `pg_monitor` a role cannot see what sessions do. @throws SignalBlindError naming the grant */
export async function requireMonitor(db: Queryable, what: string): Promise<void> {
  const { rows } = await db.query(sql`select ${monitorRight}`);
  requireMonitorIn(rows[0], what);
}

/** The same check, on a row with the columns of `monitorRight`. @throws SignalBlindError naming the grant */
export function requireMonitorIn(row: Row | undefined, what: string): void {
  if (row?.may === "t") return;
  throw new SignalBlindError(`${what} cannot be seen: grant pg_monitor to ${row?.role}`);
}
