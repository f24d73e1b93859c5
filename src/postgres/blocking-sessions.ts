import type { Queryable } from "./database.ts";
import { raw, type Sql, sql } from "./sql.ts";

const mostShown = 3;

/**
 * The sessions and prepared transactions that a backend waits for, the oldest first, in words: `pid 4711 of shop (web), idle in
 * transaction for 3 min`. What other roles do is shown in part only to roles without `pg_monitor`.
 */
export async function describeBlockers(db: Queryable, pid: Sql): Promise<readonly string[]> {
  const { rows } = await db.query(sql`
    select blocker.words
    from (
      select pg_catalog.concat('pid ', a.pid, ' of ' || nullif(a.usename, ''),
          ' (' || nullif(a.application_name, '') || ')', ', ' || a.state,
          case when a.wait_event = 'SyncRep' then ', its commit waits for a synchronous standby' end,
          ' for ' || ${age("a.xact_start")}) as words,
        a.xact_start as since
      from pg_catalog.unnest(pg_catalog.pg_blocking_pids(${pid})) as blocking(pid)
      join pg_catalog.pg_stat_activity a using (pid)
      union all
      select pg_catalog.concat('the prepared transaction ', pg_catalog.quote_literal(p.gid), ' of ', p.owner,
          ', prepared ', ${age("p.prepared")}, ' ago'),
        p.prepared
      from pg_catalog.pg_prepared_xacts p
      where p.transaction::text in (
        select held.transactionid::text
        from pg_catalog.pg_locks held
        where held.pid = ${pid}
          and not held.granted
          and held.locktype = 'transactionid')
        or exists (
          select from pg_catalog.pg_locks held
          join pg_catalog.pg_locks its using (locktype, database, relation)
          join pg_catalog.pg_locks xact on xact.virtualtransaction = its.virtualtransaction and xact.pid is null
          where held.pid = ${pid}
            and not held.granted
            and its.granted
            and its.pid is null
            and xact.transactionid::text = p.transaction::text)
    ) as blocker
    order by blocker.since nulls last
    limit ${mostShown}`);
  return rows.map(({ words }) => words ?? "");
}

/** How long ago a moment is, in the largest unit that fits. */
function age(moment: string): Sql {
  const seconds = `extract(epoch from pg_catalog.clock_timestamp() - ${moment})`;
  return raw(`case
            when ${seconds} >= 7200 then pg_catalog.round(${seconds} / 3600)::text || ' h'
            when ${seconds} >= 120 then pg_catalog.round(${seconds} / 60)::text || ' min'
            else pg_catalog.round(${seconds})::text || ' s'
          end`);
}
