import { sql } from "../../postgres/sql/sql.ts";
import type { Queryable } from "../../postgres/transaction/database.ts";
import { against } from "../amount.ts";
import { monitorRight, requireMonitorIn } from "../require-monitor.ts";
import { defineSignal, utilizationOf } from "../signal.ts";

/** On a small server half of `max_connections` would be too few to mean anything. */
const fewest = 16;

/** Other sessions at work: many of them mean load, whatever its cause. Slows a run down, never stops it. */
export const activeSessions = defineSignal({
  name: "active sessions",
  everyMs: 1_000,
  async read(db: Queryable) {
    const { rows } = await db.query(sql`
      select pg_catalog.count(*) as active,
        pg_catalog.current_setting('max_connections')::integer / 2 as half,
        ${monitorRight}
      from pg_catalog.pg_stat_activity
      where backend_type = 'client backend'
        and state = 'active'
        and application_name not like 'tidefill%'`);
    requireMonitorIn(rows[0], "other sessions");
    const active = Number(rows[0]?.active ?? 0);
    const limit = Math.max(fewest, Number(rows[0]?.half ?? 0));
    return {
      utilization: utilizationOf(active, limit, false),
      reason: `${against(active, limit)} active sessions`,
    };
  },
});
