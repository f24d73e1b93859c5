import { type Sql, sql } from "../../postgres/sql/sql.ts";
import { type BlockingSession, whoBlocks } from "../../postgres/transaction/blocking-sessions.ts";
import type { Queryable } from "../../postgres/transaction/database.ts";

/** For whom a backend waits, the oldest transaction first; statements of others are hidden from roles without `pg_monitor`. */
export async function readBlockingSessions(db: Queryable, pid: Sql): Promise<BlockingSession[]> {
  return whoBlocks(db, sql`select ${pid} as pid`);
}

/** Who it is, for people: `process 4711 of shop (reports)`; what the server does by itself has no user. */
export function shownSession({ pid, gid, user, application }: BlockingSession): string {
  if (gid !== null) return `prepared transaction '${gid}' of ${user}`;
  return `process ${pid}${user === "" ? "" : ` of ${user}`} (${application})`;
}
