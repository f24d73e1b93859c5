import type { Column } from "../postgres/catalog/relation.ts";
import { displayIdentifier, sql } from "../postgres/sql/sql.ts";
import type { Queryable } from "../postgres/transaction/database.ts";

/** A type whose values are listed. */
export interface EnumType {
  /** as users write it: with its schema only where the search path would not find it */
  readonly name: string;
  /** the statements that create it in an empty database */
  readonly statements: readonly string[];
  /** at least one */
  readonly labels: readonly string[];
}

/** The enums among the types of columns, by `type` of the column. */
export async function readEnumTypes(
  db: Queryable,
  columns: readonly Pick<Column, "type">[],
): Promise<ReadonlyMap<string, EnumType>> {
  const { rows } = await db.query(sql`
    select wanted.type, pg_catalog.format_type(t.oid, null) as name,
      case when not pg_catalog.pg_type_is_visible(t.oid) then n.nspname end as schema,
      pg_catalog.json_agg(e.enumlabel order by e.enumsortorder) as labels,
      pg_catalog.string_agg(pg_catalog.quote_literal(e.enumlabel), ', ' order by e.enumsortorder) as list
    from (select distinct pg_catalog.unnest(${columns.map(({ type }) => type)}::text[])) as wanted(type)
    join pg_catalog.pg_type t on t.oid = pg_catalog.to_regtype(wanted.type)
    join pg_catalog.pg_namespace n on n.oid = t.typnamespace
    join pg_catalog.pg_enum e on e.enumtypid = t.oid
    group by wanted.type, t.oid, n.nspname`);
  return new Map(
    rows.map(({ type, name, schema, labels, list }) => [
      type ?? "",
      {
        name: name ?? "",
        labels: JSON.parse(labels ?? "[]") as string[],
        statements: [
          ...(schema == null ? [] : [`create schema ${displayIdentifier(schema)};`]),
          `create type ${name} as enum (${list});`,
        ],
      },
    ]),
  );
}
