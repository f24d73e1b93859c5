import { sql } from "../../postgres/sql/sql.ts";
import type { Check } from "../open/check.ts";

/** The share of the lock table that a batch may take: several run at once, besides the application. */
const mostTaken = 0.25;

/** A batch whose bounds exclude no partition takes a lock on each partition, and on each of its indexes. */
export const locksFit: Check = async ({ tx, relation }) => {
  if (relation.kind !== "partitioned table") return [];
  const { rows } = await tx.query(sql`
    select pg_catalog.count(*) as locks,
      pg_catalog.current_setting('max_locks_per_transaction') as setting,
      pg_catalog.current_setting('max_locks_per_transaction')::integer
        * (pg_catalog.current_setting('max_connections')::integer
          + pg_catalog.current_setting('max_prepared_transactions')::integer) as size
    from pg_catalog.pg_partition_tree(${relation.oid}::oid) as leaf
    left join pg_catalog.pg_index i on i.indrelid = leaf.relid`);
  const [locks, size] = [Number(rows[0]?.locks ?? 0), Number(rows[0]?.size ?? 1)];
  const { schema, name } = relation;
  if (locks <= size * mostTaken) return [];
  return [
    {
      check: "locks-fit",
      message: `A batch over ${schema}.${name} takes up to ${locks} locks, one for each partition and index, and the whole server has ${size}: other sessions would fail with "out of shared memory" (53200).`,
      remedy: `Raise max_locks_per_transaction to ${Math.ceil((locks / mostTaken / size) * Number(rows[0]?.setting))} or more and restart the server; or write a job for each partition.`,
    },
  ];
};
