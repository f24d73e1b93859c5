import { type Sql, sql } from "../sql/sql.ts";
import { withoutValues } from "../sql/without-values.ts";
import type { Queryable } from "./database.ts";

/** A session, or a prepared transaction, that holds a lock another session waits for. */
export interface BlockingSession {
  /** 0 for a prepared transaction, which belongs to no session */
  readonly pid: number;
  /** the name of a prepared transaction; null for a session */
  readonly gid: string | null;
  readonly user: string;
  readonly application: string;
  /** `active`, `idle in transaction`, … */
  readonly state: string;
  /** how long its transaction has lasted */
  readonly seconds: number;
  /** its current or last statement, without literals */
  readonly statement: string;
}

const mostShown = 3;

/** The sessions that block any of these backends; `waiting` is a query that returns the backends as `pid`. */
export async function whoBlocks(db: Queryable, waiting: Sql): Promise<BlockingSession[]> {
  const { rows } = await db.query(sql`
    with waiting as materialized (${waiting}),
      blocking as materialized (
        select distinct blocker as pid
        from waiting
        cross join lateral pg_catalog.unnest(pg_catalog.pg_blocking_pids(waiting.pid)) as blocker
        where blocker not in (select own.pid from waiting as own where own.pid is not null)
      )
    select pid, null as gid, a.usename, coalesce(nullif(a.application_name, ''), a.backend_type) as application_name, a.state
        || case when a.wait_event = 'SyncRep' then ', its commit waits for a synchronous standby' else '' end as state,
      a.query, extract(epoch from pg_catalog.clock_timestamp() - a.xact_start) as seconds
    from blocking
    join pg_catalog.pg_stat_activity as a using (pid)
    union all
    select 0, prepared.gid, prepared.owner, 'prepared transaction', 'prepared',
      '', extract(epoch from pg_catalog.clock_timestamp() - prepared.prepared)
    from pg_catalog.pg_prepared_xacts as prepared
    where exists (select from blocking where blocking.pid = 0)
      and prepared.transaction::text in (${preparedHolders})
    order by seconds desc nulls last
    limit ${mostShown}`);
  return rows.map((row) => ({
    pid: Number(row.pid),
    gid: row.gid ?? null,
    user: row.usename ?? "",
    application: row.application_name ?? "",
    state: row.state ?? "",
    seconds: Math.max(0, Number(row.seconds ?? 0)),
    statement: withoutValues(row.query ?? ""),
  }));
}

/** Prepared transactions that hold a wanted lock; each also holds a lock on its own transaction id. */
const preparedHolders = sql`
  select own.transactionid::text
  from waiting
  join pg_catalog.pg_locks as wanted on wanted.pid = waiting.pid and not wanted.granted
  join pg_catalog.pg_locks as holder on holder.granted
    and holder.pid is null
    and holder.locktype = wanted.locktype
    and holder.database is not distinct from wanted.database
    and holder.relation is not distinct from wanted.relation
    and holder.page is not distinct from wanted.page
    and holder.tuple is not distinct from wanted.tuple
    and holder.transactionid is not distinct from wanted.transactionid
  join pg_catalog.pg_locks as own on own.virtualtransaction = holder.virtualtransaction
    and own.pid is null
    and own.locktype = 'transactionid'`;

/** The sessions that block a backend, in words, the oldest transaction first. */
export async function describeBlockers(db: Queryable, pid: Sql): Promise<readonly string[]> {
  return (await whoBlocks(db, sql`select ${pid} as pid`)).map(describeBlocker);
}

const preparedWords = "the prepared transaction";

/** Whether a description is that of a prepared transaction, which no session can end by leaving. */
export function isPrepared(description: string): boolean {
  return description.startsWith(preparedWords);
}

/** `pid 4711 of shop (web), idle in transaction for 3 min`; its statement may contain values. */
export function describeBlocker(session: Omit<BlockingSession, "statement">): string {
  const { pid, gid, user, application, state, seconds } = session;
  const of = user === "" ? "" : ` of ${user}`;
  if (gid !== null) return `${preparedWords} '${gid}'${of}, prepared ${age(seconds)} ago`;
  return `pid ${pid}${of} (${application}), ${state === "" ? "" : `${state} `}for ${age(seconds)}`;
}

function age(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
