import { sql } from "../sql/sql.ts";
import type { Database } from "./database.ts";

/** Milliseconds that PostgreSQL lets a session wait before it looks for a deadlock: we must have given way by then. */
export async function readDeadlockTimeout(db: Database): Promise<number> {
  const { rows } = await db.query(sql`
    select setting
    from pg_catalog.pg_settings
    where name = 'deadlock_timeout'`);
  return Number(rows[0]?.setting ?? 1_000);
}
