import { readFile } from "node:fs/promises";
import { platform } from "node:os";
import { sql } from "../postgres/sql/sql.ts";
import type { Queryable } from "../postgres/transaction/database.ts";

/**
 * Whether the server runs here: then what this machine tells of itself is told of the server too. It must be reached without a
 * network, and its process must be one of this machine's: at the other end of a tunnel an address is local as well.
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
    // It is there, and somebody else's.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
