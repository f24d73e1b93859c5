import type { Relation } from "../postgres/catalog/relation.ts";
import { type Sql, sql } from "../postgres/sql/sql.ts";

/** The oids of a table, of its partitions, and of their TOAST tables. */
export function familyOf({ oid }: Relation): Sql {
  return sql`select pg_catalog.unnest(array[member.oid, member.reltoastrelid])
    from pg_catalog.pg_class as member
    where member.oid = ${oid}::pg_catalog.oid
      or member.oid in (select relid from pg_catalog.pg_partition_tree(${oid}::pg_catalog.oid::pg_catalog.regclass))`;
}
