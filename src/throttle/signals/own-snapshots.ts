import { sql } from "../../postgres/sql/sql.ts";
import type { Queryable } from "../../postgres/transaction/database.ts";
import { against, inSeconds } from "../amount.ts";
import { defineSignal, utilizationOf } from "../signal.ts";

/** A batch is aborted then. Only before PostgreSQL 17, or when the client froze, does one live longer. */
const maxSeconds = 20;

/** The age of tidefill's oldest snapshot, which vacuum has to wait for. */
export const ownSnapshots = defineSignal({
  name: "own snapshots",
  everyMs: 5_000,
  async read(db: Queryable) {
    const { rows } = await db.query(sql`
      select extract(epoch from pg_catalog.clock_timestamp() - pg_catalog.min(xact_start)) as seconds
      from pg_catalog.pg_stat_activity
      where application_name like 'tidefill%'
        and datname = pg_catalog.current_database()
        and backend_xmin is not null`);
    const seconds = Number(rows[0]?.seconds ?? 0);
    return {
      utilization: utilizationOf(seconds, maxSeconds, false),
      reason: `a batch of ours is ${against(seconds, maxSeconds, inSeconds)} old`,
    };
  },
});
