import { sql } from "../sql/sql.ts";
import type { Queryable } from "../transaction/database.ts";

/** The time by the server's clock, the only one used: clocks of several machines differ. */
export async function serverTime(db: Queryable): Promise<Date> {
  const { rows } = await db.query(sql`select extract(epoch from pg_catalog.clock_timestamp()) * 1000 as now`);
  return new Date(Number(rows[0]?.now));
}
