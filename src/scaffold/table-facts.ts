import { RefusedError, UsageError } from "../errors.ts";
import { displayName } from "../job/columns/table.ts";
import { findKeyIndexes, type KeyIndexFault } from "../postgres/catalog/key-index.ts";
import { type Column, findRelation, type Relation } from "../postgres/catalog/relation.ts";
import { sql } from "../postgres/sql/sql.ts";
import type { Queryable } from "../postgres/transaction/database.ts";
import { type ColumnDefault, readDefaults } from "./column-defaults.ts";
import { type EnumType, readEnumTypes } from "./enum-type.ts";

/** What PostgreSQL's catalog says about a table, as far as the written job needs it. */
export interface TableFacts {
  readonly relation: Relation;
  /** its name as jobs write it: with its schema only where the search path would not find it */
  readonly name: string;
  readonly isVisible: boolean;
  readonly defaults: ReadonlyMap<string, ColumnDefault>;
  /** the enums among the types of its columns, by `type` of the column */
  readonly enums: ReadonlyMap<string, EnumType>;
  readonly uniqueIndexes: readonly UniqueIndex[];
  /** columns of its foreign keys, whose values must be those of a row of another table */
  readonly foreignKeyColumns: readonly string[];
  /** columns that tell its rows apart, or choose their partition: no one value suits two rows */
  readonly tellingColumns: readonly string[];
}

export interface UniqueIndex {
  readonly name: string;
  readonly columns: readonly string[];
  readonly fault: KeyIndexFault;
}

/** @throws UsageError or RefusedError when there is no such table, or no table of this name */
export async function readTableFacts(
  db: Queryable,
  named: { readonly schema: string | null; readonly name: string },
): Promise<TableFacts> {
  const relation = await findRelation(db, named);
  if (relation === null) throw await noSuchTable(db, named);
  if (relation.kind !== "table" && relation.kind !== "partitioned table")
    throw new RefusedError(
      "relation-is-a-table",
      `${displayName(relation)} is a ${relation.kind}; its rows cannot be locked and written in key order.`,
      "Name the table that holds the rows.",
    );
  const isVisible = await looksVisible(db, relation);
  return {
    relation,
    isVisible,
    name: displayName({ schema: isVisible ? null : relation.schema, name: relation.name }),
    defaults: await readDefaults(db, relation),
    enums: await readEnumTypes(db, relation.columns),
    uniqueIndexes: await readUniqueIndexes(db, relation),
    ...(await readTiedColumns(db, relation)),
  };
}

/** The type of a column where that is an enum. */
export function enumOf({ relation, enums }: TableFacts, column: string): EnumType | undefined {
  return enums.get(relation.columns.find(({ name }) => name === column)?.type ?? "");
}

/** Whether PostgreSQL refuses values for the column. */
export function isReadOnly(column: Column): boolean {
  return column.isGenerated || column.isIdentityAlways;
}

async function looksVisible(db: Queryable, { oid }: Relation): Promise<boolean> {
  const { rows } = await db.query(sql`select pg_catalog.pg_table_is_visible(${oid}::oid) as visible`);
  return rows[0]?.visible === "t";
}

/** The unique indexes on plain columns: the primary key first, then those with few columns. */
async function readUniqueIndexes(db: Queryable, relation: Relation): Promise<UniqueIndex[]> {
  const { rows } = await db.query(sql`
    select c.relname,
      (select pg_catalog.json_agg(a.attname order by p)
        from pg_catalog.generate_series(0, i.indnkeyatts - 1) p
        join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[p]) as columns
    from pg_catalog.pg_index i
    join pg_catalog.pg_class c on c.oid = i.indexrelid
    where i.indrelid = ${relation.oid}::oid
      and i.indisunique
      and not 0 = any (i.indkey[0:i.indnkeyatts - 1])
    order by i.indisprimary desc, i.indnkeyatts, c.relname`);
  const found: UniqueIndex[] = [];
  for (const { relname, columns: json } of rows) {
    const columns = JSON.parse(json ?? "[]") as string[];
    const indexes = await findKeyIndexes(db, relation, columns);
    const fault = indexes.find(({ name }) => name === relname)?.fault ?? "invalid";
    found.push({ name: relname ?? "", columns, fault });
  }
  return found;
}

/** Columns whose values are not free: a made-up one would break what they stand for. */
async function readTiedColumns(
  db: Queryable,
  { oid }: Relation,
): Promise<Pick<TableFacts, "foreignKeyColumns" | "tellingColumns">> {
  const { rows } = await db.query(sql`
    with tied (number, refers) as (
      select pg_catalog.unnest(conkey), contype = 'f'
      from pg_catalog.pg_constraint
      where conrelid = ${oid}::oid
        and contype in ('f', 'x')
      union
      select pg_catalog.unnest(indkey::pg_catalog.int2[]), false
      from pg_catalog.pg_index
      where indrelid = ${oid}::oid
        and indisunique
      union
      select pg_catalog.unnest(partattrs::pg_catalog.int2[]), false
      from pg_catalog.pg_partitioned_table
      where partrelid = ${oid}::oid
    )
    select a.attname, tied.refers
    from tied
    join pg_catalog.pg_attribute a on a.attrelid = ${oid}::oid and a.attnum = tied.number
    order by a.attnum`);
  const named = (refers: "t" | "f") =>
    rows.filter((row) => row.refers === refers).map(({ attname }) => attname ?? "");
  return { foreignKeyColumns: named("t"), tellingColumns: named("f") };
}

async function noSuchTable(
  db: Queryable,
  { schema, name }: { readonly schema: string | null; readonly name: string },
): Promise<UsageError> {
  const { rows } = await db.query(sql`
    select n.nspname, c.relname, pg_catalog.pg_table_is_visible(c.oid) as visible
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p')
      and not c.relispartition
      and n.nspname not in ('pg_catalog', 'information_schema', 'tidefill')
      and n.nspname not like 'pg\_toast%'
    order by pg_catalog.strpos(pg_catalog.lower(c.relname), pg_catalog.lower(${name})) = 0, c.relname
    limit 12`);
  const known = rows.map((row) =>
    displayName({ schema: row.visible === "t" ? null : (row.nspname ?? ""), name: row.relname ?? "" }),
  );
  return new UsageError(`There is no table ${displayName({ schema, name })} in this database.`, {
    remedy:
      known.length === 0
        ? "It has no tables: is it the right database?"
        : `It has, for example: ${known.join(", ")}.`,
  });
}
