import type { Queryable } from "../postgres/database.ts";
import { sql } from "../postgres/sql.ts";
import { against, inSeconds } from "./amount.ts";
import type { Reading, Signal } from "./signal.ts";

/** A wait that is shorter is the ordinary traffic of rows. */
const noticedSeconds = 0.1;

/** Sessions of others that wait for locks that one of our batches holds. The batch ends soon by itself; the next are shorter. */
export class LockWaits implements Signal {
  readonly name = "lock waits";
  readonly everyMs = 500;
  readonly whenBlind = "steady";

  async read(db: Queryable): Promise<Reading | null> {
    // pg_blocking_pids takes locks of its own: it is asked only for those that wait, and only when they have waited a while.
    const { rows } = await db.query(sql`
      select pg_catalog.count(*) as sessions,
        pg_catalog.max(extract(epoch from pg_catalog.clock_timestamp() - waiting.since)) as seconds
      from (
        select pid, pg_catalog.min(waitstart) as since
        from pg_catalog.pg_locks
        where not granted
          and waitstart < pg_catalog.clock_timestamp() - ${noticedSeconds} * interval '1 second'
        group by pid
      ) as waiting
      join pg_catalog.pg_stat_activity as waiter on waiter.pid = waiting.pid
      where waiter.application_name not like 'tidefill%'
        and exists (
          select
          from pg_catalog.pg_stat_activity as holder
          where holder.application_name like 'tidefill%'
            and holder.pid = any (pg_catalog.pg_blocking_pids(waiting.pid)))`);
    const sessions = Number(rows[0]?.sessions ?? 0);
    if (sessions === 0) return null;
    const seconds = Number(rows[0]?.seconds ?? 0);
    const who = sessions === 1 ? "1 session waits" : `${sessions} sessions wait`;
    return {
      signal: this.name,
      strain: 0.95,
      reason: `${who} ${against(seconds, noticedSeconds, inSeconds)} for locks that we hold`,
    };
  }
}
