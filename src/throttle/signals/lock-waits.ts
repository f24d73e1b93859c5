import { sql } from "../../postgres/sql/sql.ts";
import type { Queryable } from "../../postgres/transaction/database.ts";
import { against } from "../amount.ts";
import { type Reading, type Signal, utilizationOf } from "../signal.ts";

/** The average number of sessions that wait for us per look: one in ten looks finds one. */
const maxSessions = 0.1;
const averagedMs = 5_000;

/**
 * Other sessions that wait for locks of our batches: the most direct sign that a run is in the way. Batches
 * are short, so the waits are too, and are averaged over some seconds. Slows a run down, never stops it.
 */
export class LockWaits implements Signal {
  readonly name = "lock waits";
  readonly everyMs = 500;
  readonly onError = "ignore";
  #looks: { readonly at: number; readonly sessions: number }[] = [];

  async read(db: Queryable): Promise<Reading | null> {
    const at = performance.now();
    this.#looks = this.#looks.filter((look) => look.at > at - averagedMs);
    this.#looks.push({ at, sessions: await waiting(db) });
    const average =
      this.#looks.reduce((sum, { sessions }) => sum + sessions, 0) / (averagedMs / this.everyMs);
    if (average === 0) return null;
    const measure = against(average, maxSessions, (sessions) => sessions.toFixed(2).replace(/\.?0+$/, ""));
    return {
      signal: this.name,
      utilization: utilizationOf(average, maxSessions, false),
      reason: `${measure} sessions wait for locks that we hold`,
    };
  }
}

async function waiting(db: Queryable): Promise<number> {
  // pg_blocking_pids takes internal locks, so call it only for sessions that wait.
  const { rows } = await db.query(sql`
    select pg_catalog.count(*) as sessions
    from (
      select distinct pid
      from pg_catalog.pg_locks
      where not granted
    ) as waiting
    join pg_catalog.pg_stat_activity as waiter on waiter.pid = waiting.pid
    where waiter.application_name not like 'tidefill%'
      and exists (
        select
        from pg_catalog.pg_stat_activity as holder
        where holder.application_name like 'tidefill%'
          and holder.pid = any (pg_catalog.pg_blocking_pids(waiting.pid)))`);
  return Number(rows[0]?.sessions ?? 0);
}
