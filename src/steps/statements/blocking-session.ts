import { type Sql, sql } from "../../postgres/sql/sql.ts";
import { type BlockingSession, whoBlocks } from "../../postgres/transaction/blocking-sessions.ts";
import type { Queryable } from "../../postgres/transaction/database.ts";

/** The sessions that block a backend, oldest transaction first; statements only with `pg_monitor`. */
export async function readBlockingSessions(db: Queryable, pid: Sql): Promise<BlockingSession[]> {
  return whoBlocks(db, sql`select ${pid} as pid`);
}

/** The session for messages: `session pid 4711 of shop (reports)`; the server's own processes have no user. */
export function shownSession({ pid, gid, user, application }: BlockingSession): string {
  if (gid !== null) return `prepared transaction '${gid}' of ${user}`;
  return `session pid ${pid}${user === "" ? "" : ` of ${user}`} (${application})`;
}
