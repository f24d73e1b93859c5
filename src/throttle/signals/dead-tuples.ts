import type { Relation } from "../../postgres/catalog/relation.ts";
import { sql } from "../../postgres/sql/sql.ts";
import type { Queryable } from "../../postgres/transaction/database.ts";
import { against } from "../amount.ts";
import { familyOf } from "../family-of.ts";
import { defineSignal, type Signal, utilizationOf } from "../signal.ts";

/** With fewer dead rows a scan of the table stays cheap. */
const fewestDead = 5_000_000;

/**
 * Dead rows beyond a budget: half as many as there are live ones. Then the run waits for autovacuum. Where
 * autovacuum is off, nothing would remove the dead rows, so the run does not wait.
 */
export function deadTuples(relation: Relation): Signal {
  return defineSignal({
    name: "dead tuples",
    everyMs: 5_000,
    async read(db: Queryable) {
      const { rows } = await db.query(sql`
      select coalesce(pg_catalog.sum(stat.n_dead_tup), 0) as dead,
        coalesce(pg_catalog.sum(stat.n_live_tup), 0) as live
      from pg_catalog.pg_stat_all_tables as stat
      join pg_catalog.pg_class as class on class.oid = stat.relid
      where stat.relid in (${familyOf(relation)})
        and class.relkind in ('r', 'm')
        and pg_catalog.current_setting('autovacuum')::boolean
        and not exists (
          select
          from pg_catalog.pg_options_to_table(class.reloptions)
          where option_name = 'autovacuum_enabled'
            and not option_value::boolean)`);
      const dead = Number(rows[0]?.dead ?? 0);
      const budget = Math.max(fewestDead, Number(rows[0]?.live ?? 0) / 2);
      if (dead < budget / 2) return null;
      const counts = against(dead, budget, (count) => Math.round(count).toLocaleString("en-US"));
      const keeper = dead >= budget ? await oldestKeeper(db) : "";
      const { schema, name } = relation;
      return {
        utilization: utilizationOf(dead, budget),
        reason: `${counts} dead rows in ${schema}.${name}${keeper}`,
      };
    },
  });
}

/** Names the oldest transaction whose snapshot keeps vacuum from removing dead rows; empty without one. */
async function oldestKeeper(db: Queryable): Promise<string> {
  const { rows } = await db.query(sql`
    select pid, extract(epoch from pg_catalog.clock_timestamp() - xact_start)::integer / 60 as minutes
    from pg_catalog.pg_stat_activity
    where backend_xmin is not null
      and xact_start < pg_catalog.clock_timestamp() - interval '5 minutes'
      and backend_type <> 'autovacuum worker'
    order by xact_start
    limit 1`);
  const [oldest] = rows;
  return oldest === undefined ? "" : `, kept by a transaction ${oldest.minutes} min old (pid ${oldest.pid})`;
}
