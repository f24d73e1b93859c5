import { sql } from "../sql/sql.ts";
import type { Queryable } from "../transaction/database.ts";

/** How far a replica is behind. `seconds` is null while nobody can tell, since it lacks what was there before we began to look. */
export interface ReplicaLag {
  readonly name: string;
  readonly bytes: number;
  readonly seconds: number | null;
}

export interface ServerActivity {
  /** bytes of WAL since the cluster began, by everybody */
  readonly walBytes: number;
  /** dead rows of a table, its partitions included, as the statistics have them */
  readonly deadTuples: number;
}

/** What the server tells about its WAL, its replicas and a table; cheap, from its statistics. */
export async function readServerActivity(db: Queryable, relation: string): Promise<ServerActivity> {
  const { rows } = await db.query(sql`
    select pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_insert_lsn(), '0/0') as wal_bytes,
      (select coalesce(pg_catalog.sum(s.n_dead_tup), 0)
        from pg_catalog.pg_stat_all_tables s
        where s.relid = ${relation}::oid
          or s.relid in (select relid from pg_catalog.pg_partition_tree(${relation}::oid) where isleaf)) as dead_tuples`);
  return {
    walBytes: Number(rows[0]?.wal_bytes ?? 0),
    deadTuples: Number(rows[0]?.dead_tuples ?? 0),
  };
}
