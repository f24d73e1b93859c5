import { displayIdentifier, sql } from "../sql/sql.ts";
import type { Queryable } from "../transaction/database.ts";
import type { Relation } from "./relation.ts";

/** Why walking a key's index may take long: entries of dead rows, and what keeps vacuum from them. */
export interface DeadEntries {
  readonly table: string;
  /** dead rows according to the server's statistics */
  readonly deadRows: number;
  /** holder of the oldest snapshot: `pid 4711 of shop (psql), idle in transaction for 10800 s`, or null */
  readonly keptBy: string | null;
  /** the SQL that ends it; null where there is no holder */
  readonly ending: string | null;
}

/** Finds what holds vacuum back. Without `pg_monitor`, a role sees other roles' sessions only in part. */
export async function readDeadEntries(db: Queryable, relation: Relation): Promise<DeadEntries> {
  const { rows } = await db.query(sql`
    with holder as (
      select pg_catalog.concat('pid ', pid, ' of ' || nullif(usename, ''), ' (' || nullif(application_name, '') || ')', ', ' || state,
          ' for ' || pg_catalog.round(extract(epoch from pg_catalog.clock_timestamp() - xact_start)) || ' s') as words,
        pg_catalog.format('select pg_terminate_backend(%s);', pid) as ending,
        greatest(pg_catalog.age(backend_xmin), pg_catalog.age(backend_xid)) as age
      from pg_catalog.pg_stat_activity
      where pid <> pg_catalog.pg_backend_pid()
        and backend_type = 'client backend'
        and datname = pg_catalog.current_database()
        and (backend_xmin is not null or backend_xid is not null)
      union all
      select pg_catalog.format('the prepared transaction %L of %s', gid, owner),
        pg_catalog.format('rollback prepared %L;', gid),
        pg_catalog.age(transaction)
      from pg_catalog.pg_prepared_xacts
      where database = pg_catalog.current_database()
      union all
      select pg_catalog.format('the replication slot %s', slot_name),
        pg_catalog.format('select pg_drop_replication_slot(%L);', slot_name),
        pg_catalog.age(xmin)
      from pg_catalog.pg_replication_slots
      where xmin is not null
    )
    select coalesce((
        select pg_catalog.sum(n_dead_tup)
        from pg_catalog.pg_stat_all_tables
        where relid = ${relation.oid}::oid
          or relid in (select t.relid from pg_catalog.pg_partition_tree(${relation.oid}::oid) as t)), 0) as dead,
      holder.words, holder.ending
    from (select) as always
    left join (select * from holder order by age desc limit 1) as holder on true`);
  const [row] = rows;
  return {
    table: [relation.schema, relation.name].map(displayIdentifier).join("."),
    deadRows: Number(row?.dead ?? 0),
    keptBy: row?.words ?? null,
    ending: row?.ending ?? null,
  };
}
