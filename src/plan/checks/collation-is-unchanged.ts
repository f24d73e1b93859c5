import { displayName } from "../../job/table.ts";
import { sql } from "../../postgres/sql.ts";
import type { Check } from "./check.ts";

/** After an upgrade of the system's collations an index may be in an order that is no longer theirs: rows would be missed. */
export const collationIsUnchanged: Check = async ({ tx, table, relation }) => {
  const { rows } = await tx.query(sql`
    select a.attname, c.collname, c.collversion as recorded,
      pg_catalog.pg_collation_actual_version(c.oid) as actual
    from pg_catalog.pg_attribute a
    join pg_catalog.pg_collation c on c.oid = a.attcollation
    where a.attrelid = ${relation.oid}::oid
      and a.attname = any (${[...table.key]}::text[])
      and c.collversion is distinct from pg_catalog.pg_collation_actual_version(c.oid)
      and c.collversion is not null`);
  return rows.map((row) => ({
    check: "collation-is-unchanged",
    message: `The collation ${row.collname} of ${displayName(relation)}.${row.attname} was version ${row.recorded} when its index was built and is ${row.actual} now: the index may miss rows.`,
    remedy: `reindex table concurrently ${displayName(relation)}; alter collation "${row.collname}" refresh version;`,
  }));
};
