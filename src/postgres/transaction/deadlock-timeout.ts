import { sql } from "../sql/sql.ts";
import type { Database } from "./database.ts";

const known = new WeakMap<Database, Promise<number>>();

/**
 * Milliseconds that a session waits before PostgreSQL looks for a deadlock: we must give way before. Each database
 * is asked once.
 */
export async function readDeadlockTimeout(db: Database): Promise<number> {
  const asked = known.get(db) ?? ask(db);
  known.set(db, asked);
  asked.catch(() => known.delete(db));
  return asked;
}

async function ask(db: Database): Promise<number> {
  const { rows } = await db.query(sql`
    select extract(epoch from pg_catalog.current_setting('deadlock_timeout')::interval) * 1000 as ms`);
  return Number(rows[0]?.ms ?? 1_000);
}
