import { sql } from "../sql/sql.ts";
import type { Queryable } from "../transaction/database.ts";

/** How far a replica lags. `seconds` is null while unknown: it lacks WAL from before we began to look. */
export interface ReplicaLag {
  readonly name: string;
  readonly bytes: number;
  readonly seconds: number | null;
}

export interface ServerActivity {
  /** bytes of WAL written since the cluster was created */
  readonly walBytes: number;
  /** dead rows of a table, including its partitions, according to the statistics */
  readonly deadTuples: number;
}

/** WAL and dead rows as the server's statistics have them; cheap. */
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
