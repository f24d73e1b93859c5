import type { Asked } from "./counters.ts";

/** Terminates a random backend of tidefill's; returns how many it terminated, one or none. */
export async function terminateOne(database: Asked): Promise<number> {
  const ended = await database.query(`
    select pg_terminate_backend(pid)
    from pg_stat_activity
    where datname = current_database()
      and application_name like 'tidefill%'
    order by random()
    limit 1`);
  return ended.length;
}
