import { sql } from "../sql/sql.ts";
import type { Transaction } from "../transaction/database.ts";
import type { Relation } from "./relation.ts";

/** Whether the role may read which version a row is. A grant of single columns does not include that. */
export async function mayReadVersions(tx: Transaction, { oid }: Relation): Promise<boolean> {
  const { rows } = await tx.query(sql`
    select pg_catalog.bool_and(pg_catalog.has_column_privilege(a.attrelid, a.attnum, 'select')) as may
    from pg_catalog.pg_attribute a
    where a.attrelid = ${oid}::oid
      and a.attname in ('ctid', 'xmin')`);
  return rows[0]?.may === "t";
}
