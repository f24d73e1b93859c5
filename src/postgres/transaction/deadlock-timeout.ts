import { sql } from "../sql/sql.ts";
import type { Database } from "./database.ts";

/** Milliseconds that a session waits before PostgreSQL looks for a deadlock: we must give way before. */
export async function readDeadlockTimeout(db: Database): Promise<number> {
  const { rows } = await db.query(sql`
    select extract(epoch from pg_catalog.current_setting('deadlock_timeout')::interval) * 1000 as ms`);
  return Number(rows[0]?.ms ?? 1_000);
}
