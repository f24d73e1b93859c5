import { statfs } from "node:fs/promises";
import { join } from "node:path";
import { sql } from "../../postgres/sql/sql.ts";
import type { Queryable } from "../../postgres/transaction/database.ts";
import { inBytes } from "../amount.ts";
import { isOnThisMachine } from "../on-this-machine.ts";
import { monitorRight, requireMonitorIn } from "../require-monitor.ts";
import { defineSignal, type Reading } from "../signal.ts";

const leastBytes = 1_024 ** 3;
const leastShare = 0.05;
/** On a large disk a twentieth would be more than a run uses up before an operator looks. */
const leastAtMost = 10 * 1_024 ** 3;

/** Free space on the database's disk. Known only when the server runs here and shows its data directory. */
export const diskSpace = defineSignal({
  name: "disk space",
  everyMs: 10_000,
  async read(db: Queryable) {
    if (!(await isOnThisMachine(db))) return null;
    const { rows } = await db.query(sql`
      select case
          when pg_catalog.pg_has_role('pg_read_all_settings', 'usage') then pg_catalog.current_setting('data_directory')
        end as directory, ${monitorRight}`);
    const directory = rows[0]?.directory;
    if (directory == null) {
      requireMonitorIn(rows[0], "the room on the disk");
      return null;
    }
    const disks = await Promise.all([directory, join(directory, "pg_wal")].map(roomOn));
    return disks.reduce<Reading | null>((most, reading) => {
      if (reading === null) return most;
      return most === null || reading.utilization > most.utilization ? reading : most;
    }, null);
  },
});

async function roomOn(path: string): Promise<Reading | null> {
  // A server that looks local may be behind a tunnel or in a container: then the directory is not here.
  const disk = await statfs(path).catch(() => null);
  if (disk === null) return null;
  const [free, all] = [disk.bavail * disk.bsize, disk.blocks * disk.bsize];
  const least = Math.max(leastBytes, Math.min(leastAtMost, all * leastShare));
  const sign = free <= least ? "<" : "of at least";
  return {
    signal: "disk space",
    utilization: free <= 0 ? 1 : least / free,
    reason: `${inBytes(free)} ${sign} ${inBytes(least)} free on the database's disk`,
  };
}
