import { sql } from "../sql/sql.ts";
import type { Database } from "./database.ts";

/** Milliseconds that a session waits before PostgreSQL looks for a deadlock: we must give way before. */
export async function readDeadlockTimeout(db: Database): Promise<number> {
  const { rows } = await db.query(sql`
    select setting
    from pg_catalog.pg_settings
    where name = 'deadlock_timeout'`);
  return Number(rows[0]?.setting ?? 1_000);
}
