import type { Relation } from "./catalog.ts";
import type { Queryable } from "./database.ts";
import { sql } from "./sql.ts";

/** Whether a trigger of a table, or of a partition, sees each row before it is inserted: it could change it or keep it out. */
export async function hasTriggerBeforeInsert(db: Queryable, relation: Relation): Promise<boolean> {
  const { rows } = await db.query(sql`
    select 1
    from pg_catalog.pg_trigger
    where (tgrelid = ${relation.oid}::oid
        or tgrelid in (select relid from pg_catalog.pg_partition_tree(${relation.oid}::oid)))
      and not tgisinternal
      and tgenabled <> 'D'
      -- for each row, before an insert
      and tgtype & 7 = 7
    limit 1`);
  return rows.length > 0;
}
