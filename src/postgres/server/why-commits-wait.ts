import { sql } from "../sql/sql.ts";
import type { Queryable } from "../transaction/database.ts";

/** How long one of our commits may wait for a standby before the standby counts as gone. */
const longestWaitSeconds = 5;

/**
 * Why a commit would wait endlessly for a synchronous standby, in words; null where it would not. No timeout
 * of PostgreSQL covers that wait. Without `pg_monitor` a role sees no standbys, but it sees its own sessions
 * wait.
 */
export async function whyCommitsWait(db: Queryable): Promise<string | null> {
  const { rows: named } = await db.query(sql`
    select from (select pg_catalog.current_setting('synchronous_standby_names') as names) as setting
    where names <> ''`);
  if (named.length === 0) return null;
  const { rows } = await db.query(sql`
    select setting.names, setting.needed, pg_catalog.pg_has_role('pg_read_all_stats', 'usage') as may_look,
      (select pg_catalog.count(*)
        from pg_catalog.pg_stat_replication
        where sync_state in ('sync', 'quorum')) as connected,
      (select pg_catalog.count(*)
        from pg_catalog.pg_stat_activity
        where usename = current_user
          and wait_event = 'SyncRep'
          and clock_timestamp() - state_change > pg_catalog.make_interval(secs => ${longestWaitSeconds})) as waiting
    from (
      select pg_catalog.current_setting('synchronous_standby_names') as names,
        coalesce((pg_catalog.regexp_match(pg_catalog.current_setting('synchronous_standby_names'),
          '^\s*(?:first|any)?\s*(\d+)\s*\(', 'i'))[1]::integer, 1) as needed
    ) as setting
    where setting.names <> ''
      -- the value of role, database or server: a transaction that need not wait changes it for itself only
      and (select reset_val from pg_catalog.pg_settings where name = 'synchronous_commit') not in ('off', 'local')`);
  const [row] = rows;
  if (row === undefined) return null;
  const [needed, connected, waiting] = [row.needed, row.connected, row.waiting].map(Number);
  const isMissing = row.may_look === "t" && (connected ?? 0) < (needed ?? 1);
  if (!isMissing && (waiting ?? 0) === 0) return null;
  const known = row.may_look === "t" ? `, and ${connected} of ${needed} are connected` : "";
  return `commits wait for a synchronous standby (${row.names})${known}`;
}
