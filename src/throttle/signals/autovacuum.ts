import type { Relation } from "../../postgres/catalog/relation.ts";
import { sql } from "../../postgres/sql/sql.ts";
import type { Queryable } from "../../postgres/transaction/database.ts";
import { familyOf } from "../family-of.ts";
import { requireMonitor } from "../require-monitor.ts";
import { defineSignal, type Signal } from "../signal.ts";

/** The utilization beside an ordinary autovacuum: the run slows down so that autovacuum can keep up. */
const besideVacuum = 0.6;

/** Autovacuum at work on the table slows the run down; one that prevents wraparound holds it. */
export function autovacuum(relation: Relation): Signal {
  return defineSignal({
    name: "autovacuum",
    everyMs: 5_000,
    async read(db: Queryable) {
      // Without pg_monitor, PostgreSQL hides which table is vacuumed.
      await requireMonitor(db, "autovacuum at work");
      const { rows } = await db.query(sql`
      select pg_catalog.bool_or(activity.query like '%(to prevent wraparound)%') as is_urgent
      from pg_catalog.pg_stat_progress_vacuum as vacuum
      join pg_catalog.pg_stat_activity as activity on activity.pid = vacuum.pid
      where vacuum.datid = (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database())
        and vacuum.relid in (${familyOf(relation)})
        and activity.backend_type = 'autovacuum worker'
      having pg_catalog.count(*) > 0`);
      if (rows[0] === undefined) return null;
      const isUrgent = rows[0].is_urgent === "t";
      const table = `${relation.schema}.${relation.name}`;
      return {
        utilization: isUrgent ? 1 : besideVacuum,
        reason: `autovacuum is at work on ${table}${isUrgent ? ", to prevent wraparound" : ""}`,
      };
    },
  });
}
