import { quoteIdentifier, sql } from "../sql/sql.ts";
import type { Queryable, Row } from "../transaction/database.ts";
import { Key, type KeyColumn } from "./key.ts";
import type { Relation } from "./relation.ts";

/** Why an index cannot order the rows of a run; only the first reason that holds is reported. */
export type KeyIndexFault =
  | "none"
  | "not-unique"
  | "not-btree"
  | "partial"
  | "invalid"
  | "deferrable"
  | "nulls"
  | "other-order";

export interface KeyIndex {
  readonly name: string;
  readonly definition: string;
  readonly fault: KeyIndexFault;
}

/** The indexes on exactly the key's columns in the key's order; the usable ones first. */
export async function findKeyIndexes(
  db: Queryable,
  relation: Relation,
  key: readonly string[],
): Promise<KeyIndex[]> {
  const { rows } = await db.query(sql`
    select c.relname, pg_catalog.pg_get_indexdef(i.indexrelid) as definition, am.amname,
      i.indisunique, i.indimmediate, i.indisvalid and i.indisready as usable, i.indpred is not null as partial,
      (select pg_catalog.bool_and(a.attnotnull) from pg_catalog.pg_attribute a
        where a.attrelid = i.indrelid and a.attnum = any (i.indkey[0:i.indnkeyatts - 1])) as not_null,
      -- the order of the types themselves: default operator classes, the columns' collations, all one direction
      (select pg_catalog.bool_and(o.opcdefault) from pg_catalog.pg_opclass o where o.oid = any (i.indclass)) as plain_classes,
      (select pg_catalog.bool_and(i.indcollation[p] = a.attcollation)
        from pg_catalog.generate_series(0, i.indnkeyatts - 1) p
        join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[p]) as plain_collations,
      (select pg_catalog.count(distinct i.indoption[p]) = 1
        from pg_catalog.generate_series(0, i.indnkeyatts - 1) p) as one_direction
    from pg_catalog.pg_index i
    join pg_catalog.pg_class c on c.oid = i.indexrelid
    join pg_catalog.pg_am am on am.oid = c.relam
    where i.indrelid = ${relation.oid}::oid
      -- an expression among the columns has the number 0
      and not 0 = any (i.indkey[0:i.indnkeyatts - 1])
      and (select pg_catalog.array_agg(a.attname::text order by p)
        from pg_catalog.generate_series(0, i.indnkeyatts - 1) p
        join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[p]) = ${[...key]}::text[]
    order by i.indisprimary desc, c.relname`);
  const indexes = rows.map((row) => ({
    name: row.relname ?? "",
    definition: row.definition ?? "",
    fault: faultOf(row),
  }));
  return indexes.sort((left, right) => Number(left.fault !== "none") - Number(right.fault !== "none"));
}

function faultOf(row: Row): KeyIndexFault {
  const faults: readonly (readonly [KeyIndexFault, boolean])[] = [
    ["not-btree", row.amname !== "btree"],
    ["not-unique", row.indisunique !== "t"],
    ["partial", row.partial === "t"],
    ["invalid", row.usable !== "t"],
    ["deferrable", row.indimmediate !== "t"],
    ["nulls", row.not_null !== "t"],
    [
      "other-order",
      [row.plain_classes, row.plain_collations, row.one_direction].some((plain) => plain !== "t"),
    ],
  ];
  return faults.find(([, holds]) => holds)?.[0] ?? "none";
}

/** The key as SQL compares it: with the operators of each type's default btree order, in their schema. */
export async function readKey(db: Queryable, relation: Relation, names: readonly string[]): Promise<Key> {
  const { rows } = await db.query(sql`
    select a.attname, n.nspname,
      pg_catalog.concat_ws(' ', oc.opcname, co.collname, co.collprovider, pg_catalog.pg_collation_actual_version(co.oid),
        case when co.collprovider = 'd' then (
          select pg_catalog.concat_ws(' ', d.datcollate, d.datctype)
          from pg_catalog.pg_database d
          where d.datname = pg_catalog.current_database()) end,
        (select pg_catalog.string_agg(e.enumlabel, ',' order by e.enumsortorder)
          from pg_catalog.pg_enum e
          where e.enumtypid = a.atttypid)) as key_order
    from pg_catalog.pg_index i
    cross join lateral pg_catalog.generate_series(0, i.indnkeyatts - 1) p
    join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[p]
    left join pg_catalog.pg_collation co on co.oid = i.indcollation[p]
    join pg_catalog.pg_opclass oc on oc.oid = i.indclass[p]
    join pg_catalog.pg_amop ao on ao.amopfamily = oc.opcfamily
      and ao.amoplefttype = oc.opcintype and ao.amoprighttype = oc.opcintype and ao.amopstrategy = 1
    join pg_catalog.pg_operator o on o.oid = ao.amopopr
    join pg_catalog.pg_namespace n on n.oid = o.oprnamespace
    where i.indrelid = ${relation.oid}::oid and i.indisunique`);
  const schemas = new Map(rows.map((row) => [row.attname, row.nspname]));
  const orders = new Map(rows.map((row) => [row.attname, row.key_order]));
  const columns = names.map(
    (name): KeyColumn => ({
      name,
      type: relation.columns.find((column) => column.name === name)?.baseType ?? "text",
      operatorSchema: schemas.get(name) ?? "pg_catalog",
      order: orders.get(name) ?? "",
    }),
  );
  // The alias is the table's own name, so that a job's SQL can refer to it.
  return new Key(columns, quoteIdentifier(relation.name));
}
