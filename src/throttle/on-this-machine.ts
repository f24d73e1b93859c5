import { readFile } from "node:fs/promises";
import { platform } from "node:os";
import { sql } from "../postgres/sql/sql.ts";
import type { Queryable } from "../postgres/transaction/database.ts";

/**
 * Whether the server runs on this machine, so that this machine's disk and processors are the server's. A
 * local address alone does not prove it, since a tunnel has one too: the backend's process must be on this
 * machine as well.
 */
export async function isOnThisMachine(db: Queryable): Promise<boolean> {
  const { rows } = await db.query(sql`
    select pg_catalog.pg_backend_pid() as pid, pg_catalog.inet_server_addr() is null
      or pg_catalog.inet_server_addr() <<= inet '127.0.0.0/8'
      or pg_catalog.inet_server_addr() = inet '::1' as is_local`);
  return rows[0]?.is_local === "t" && isServerHere(Number(rows[0].pid));
}

async function isServerHere(pid: number): Promise<boolean> {
  if (platform() === "linux")
    return readFile(`/proc/${pid}/cmdline`, "utf8").then(
      (command) => command.includes("postgres"),
      () => false,
    );
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // The process exists and belongs to another user.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
