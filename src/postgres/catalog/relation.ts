import { quoteIdentifier, raw, type Sql, sql } from "../sql/sql.ts";
import type { Queryable, Row } from "../transaction/database.ts";

export type RelationKind =
  | "table"
  | "partitioned table"
  | "view"
  | "materialized view"
  | "foreign table"
  | "other";

export interface Column {
  readonly name: string;
  /** qualified unless built in; without length or precision, so that a cast never truncates a value */
  readonly type: string;
  /** as users write it: `character varying(20)` */
  readonly displayType: string;
  /** the type under any domains */
  readonly baseType: string;
  /** the name in `pg_type` of the type under any domains, as `builtInName` says it: `int8`, `text`, `_text` */
  readonly baseName: string;
  readonly isArray: boolean;
  readonly isNullable: boolean;
  readonly isGenerated: boolean;
  readonly isIdentityAlways: boolean;
  /** may be stored out of line, so that one value may have any size */
  readonly isToastable: boolean;
}

/** What the catalogue says about a relation. */
export interface Relation {
  readonly oid: string;
  readonly schema: string;
  readonly name: string;
  readonly kind: RelationKind;
  readonly hasChildren: boolean;
  readonly hasRowSecurity: boolean;
  /** rows by PostgreSQL's last estimate, including its partitions; null when there is none */
  readonly estimatedRows: number | null;
  readonly pages: number;
  readonly columns: readonly Column[];
}

/** The relation's name for SQL, qualified and quoted. */
export function qualifiedName(relation: Pick<Relation, "schema" | "name">): Sql {
  return raw(`${quoteIdentifier(relation.schema)}.${quoteIdentifier(relation.name)}`);
}

/** Finds a relation by its name, in the search path when no schema is given; null when there is none. */
export async function findRelation(
  db: Queryable,
  name: { readonly schema: string | null; readonly name: string },
): Promise<Relation | null> {
  const quoted = [name.schema, name.name].filter((part) => part !== null).map(quoteIdentifier);
  const { rows } = await db.query(sql`
    select c.oid, n.nspname, c.relname, c.relkind, c.relhassubclass, c.relrowsecurity,
      sizes.reltuples, sizes.relpages
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    cross join lateral (
      select pg_catalog.sum(leaf.reltuples) filter (where leaf.reltuples >= 0) as reltuples,
        pg_catalog.sum(leaf.relpages) as relpages
      from pg_catalog.pg_class leaf
      where leaf.oid = c.oid
        or leaf.oid in (select relid from pg_catalog.pg_partition_tree(c.oid) where isleaf)
    ) sizes
    where c.oid = pg_catalog.to_regclass(${quoted.join(".")})`);
  const [row] = rows;
  return row === undefined ? null : toRelation(row, await readColumns(db, row.oid ?? ""));
}

const kinds: Readonly<Record<string, RelationKind>> = {
  r: "table",
  p: "partitioned table",
  v: "view",
  m: "materialized view",
  f: "foreign table",
};

function toRelation(row: Row, columns: readonly Column[]): Relation {
  const kind = kinds[row.relkind ?? ""] ?? "other";
  return {
    oid: row.oid ?? "",
    schema: row.nspname ?? "",
    name: row.relname ?? "",
    kind,
    hasChildren: kind === "table" && row.relhassubclass === "t",
    hasRowSecurity: row.relrowsecurity === "t",
    estimatedRows: row.reltuples == null ? null : Number(row.reltuples),
    pages: Number(row.relpages ?? 0),
    columns,
  };
}

async function readColumns(db: Queryable, oid: string): Promise<Column[]> {
  const { rows } = await db.query(sql`
    with recursive base (oid, typbasetype, attnum) as (
      select ty.oid, ty.typbasetype, a.attnum
      from pg_catalog.pg_attribute a
      join pg_catalog.pg_type ty on ty.oid = a.atttypid
      where a.attrelid = ${oid}::oid and a.attnum > 0 and not a.attisdropped
      union all
      select ty.oid, ty.typbasetype, base.attnum
      from base
      join pg_catalog.pg_type ty on ty.oid = base.typbasetype
    ), bottom as (
      select attnum, oid from base where typbasetype = 0
    )
    select a.attname, a.attnotnull, a.attgenerated, a.attidentity, a.attstorage,
      pg_catalog.format_type(a.atttypid, a.atttypmod) as display_type,
      ${typeName("declared")} as type, ${typeName("under")} as base_type,
      ${builtInName("under")} as base_name, under.typcategory, declared.typnotnull
    from pg_catalog.pg_attribute a
    join bottom on bottom.attnum = a.attnum
    join pg_catalog.pg_type declared on declared.oid = a.atttypid
    join pg_catalog.pg_type under on under.oid = bottom.oid
    where a.attrelid = ${oid}::oid
    order by a.attnum`);
  return rows.map(toColumn);
}

// With a type modifier of -1 instead of null, `character` prints as `bpchar`: a cast to plain `character`
// would cut every value to one character.
function typeName(alias: string): Sql {
  return raw(`case when ${alias}.typnamespace = 'pg_catalog'::pg_catalog.regnamespace
        then pg_catalog.format_type(${alias}.oid, -1)
        else pg_catalog.format('%s.%I', ${alias}.typnamespace::pg_catalog.regnamespace, ${alias}.typname) end`);
}

/**
 * SQL for a type's name in `pg_type`. A type of another schema is called `user-defined`, and an array of it
 * `_user-defined`: an application may have a `money` of its own.
 */
export function builtInName(alias: string): Sql {
  return raw(`case when ${alias}.typnamespace = 'pg_catalog'::pg_catalog.regnamespace then ${alias}.typname
        when ${alias}.typcategory = 'A' then '_user-defined'
        else 'user-defined' end`);
}

function toColumn(row: Row): Column {
  return {
    name: row.attname ?? "",
    type: row.type ?? "",
    displayType: row.display_type ?? "",
    baseType: row.base_type ?? "",
    baseName: row.base_name ?? "",
    isArray: row.typcategory === "A",
    isNullable: row.attnotnull === "f" && row.typnotnull === "f",
    isGenerated: row.attgenerated !== "",
    isIdentityAlways: row.attidentity === "a",
    isToastable: row.attstorage !== "p",
  };
}
