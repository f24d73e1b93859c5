import { sql } from "../sql/sql.ts";
import type { Queryable } from "../transaction/database.ts";

/** Whether `returning` can return the values that an update overwrote: since PostgreSQL 18. */
export async function hasReturningOld(db: Queryable): Promise<boolean> {
  const { rows } = await db.query(
    sql`select pg_catalog.current_setting('server_version_num')::integer >= 180000 as has_it`,
  );
  return rows[0]?.has_it === "t";
}
