import { sql } from "../sql/sql.ts";
import type { Queryable } from "../transaction/database.ts";
import type { Relation } from "./relation.ts";

/** Whether rows of a table refer to rows of the same table by a foreign key. */
export async function refersToItself(db: Queryable, relation: Relation): Promise<boolean> {
  const { rows } = await db.query(sql`
    select 1
    from pg_catalog.pg_constraint
    where conrelid = ${relation.oid}::oid
      and confrelid = ${relation.oid}::oid
      and contype = 'f'
    limit 1`);
  return rows.length > 0;
}
