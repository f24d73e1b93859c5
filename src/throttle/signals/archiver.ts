import { sql } from "../../postgres/sql/sql.ts";
import type { Queryable } from "../../postgres/transaction/database.ts";
import { against } from "../amount.ts";
import { requireMonitor } from "../require-monitor.ts";
import { defineSignal, utilizationOf } from "../signal.ts";

/** GitLab's limit for its background migrations (WriteAheadLog indicator), in files of 16 MB. */
const maxFiles = 42;

/** WAL that waits for the archiver fills the disk, and a restore would lack it. */
export const archiver = defineSignal({
  name: "archiver",
  everyMs: 5_000,
  async read(db: Queryable) {
    const { rows: modes } = await db.query(sql`select pg_catalog.current_setting('archive_mode') as mode`);
    if (modes[0]?.mode === "off") return null;
    await requireMonitor(db, "WAL that waits for the archiver");
    const { rows } = await db.query(sql`
      select pg_catalog.count(*) as files
      from pg_catalog.pg_ls_archive_statusdir()
      where name like '%.ready'`);
    const files = Number(rows[0]?.files ?? 0);
    return {
      utilization: utilizationOf(files, maxFiles),
      reason: `${against(files, maxFiles)} WAL files wait for the archiver`,
    };
  },
});
