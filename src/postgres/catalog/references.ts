import { displayIdentifier, sql } from "../sql/sql.ts";
import type { Queryable, Row } from "../transaction/database.ts";
import type { Relation } from "./relation.ts";

/** A foreign key, of another table or of the table itself, that refers to a table's rows. */
export interface Reference {
  readonly constraint: string;
  /** the table that refers, as users write it */
  readonly table: string;
  /** its columns, and the columns that they refer to, in the same order */
  readonly columns: readonly string[];
  readonly referenced: readonly string[];
  /** the table referred to: the table itself, or one whose rows `on delete cascade` deletes with its rows */
  readonly of: string;
  readonly isOfItself: boolean;
  readonly isPartitioned: boolean;
  readonly onDelete: "refuse" | "cascade" | "set null" | "set default";
  /** whether PostgreSQL finds the rows that refer to a key without scanning the table */
  readonly hasIndex: boolean;
  /** blocks of the table that refers, including its partitions */
  readonly pages: number;
}

/** The most rows that one entry of an index on a part of the columns may stand for; more amount to a scan. */
const fewRows = 10_000;

/** The indexes of `heap` that lead with the foreign key's columns: they find the rows that refer to a key. */
const usableIndexes = sql`select from pg_catalog.pg_index i
          join pg_catalog.pg_class c on c.oid = i.indexrelid
          join pg_catalog.pg_am am on am.oid = c.relam
          cross join lateral (
            -- as many columns of the foreign key as lead the index
            select pg_catalog.count(*) as columns, pg_catalog.max(case
                when s.n_distinct < 0 then -s.n_distinct * greatest(heap.reltuples, 0)
                else s.n_distinct
              end) as values
            from pg_catalog.generate_series(0, i.indnkeyatts - 1) as p(place)
            join pg_catalog.pg_attribute a on a.attrelid = heap.oid and a.attnum = i.indkey[p.place]
            left join pg_catalog.pg_stats s on s.schemaname = heap_space.nspname
              and s.tablename = heap.relname and s.attname = a.attname
            where not exists (
              select from pg_catalog.generate_series(0, p.place) as before(place)
              where not exists (
                select from pg_catalog.pg_attribute b
                where b.attrelid = heap.oid
                  and b.attnum = i.indkey[before.place]
                  and b.attname = any (theirs.names)))
          ) as ahead
          where i.indrelid = heap.oid
            and i.indisvalid
            and am.amname in ('btree', 'hash')
            and (ahead.columns = pg_catalog.cardinality(theirs.names)
              or ahead.columns > 0 and greatest(heap.reltuples, 0) <= ${fewRows} * coalesce(ahead.values, 0))
            -- no predicate, or one that holds for every row that refers
            and (i.indpred is null or not exists (
              select from pg_catalog.regexp_split_to_table(
                pg_catalog.btrim(pg_catalog.pg_get_expr(i.indpred, i.indrelid), '()'), '\)? AND \(?') as part
              where part <> all (
                select pg_catalog.quote_ident(name) || ' IS NOT NULL'
                from pg_catalog.unnest(theirs.names) as name)))`;

/**
 * Every foreign key that PostgreSQL checks when a row of the table is deleted or changes its key, including
 * those that refer to rows deleted by `on delete cascade`. Reads only the catalogue and file sizes.
 */
export async function readReferences(db: Queryable, relation: Relation): Promise<Reference[]> {
  // To plan the statement below takes PostgreSQL several milliseconds, and nothing refers to most tables.
  const { rows: referring } = await db.query(sql`
    select from pg_catalog.pg_constraint
    where contype = 'f'
      and confrelid = ${relation.oid}::oid
    limit 1`);
  if (referring.length === 0) return [];
  const { rows } = await db.query(sql`
    with recursive gone (oid) as (
      select ${relation.oid}::oid
      union
      select c.conrelid
      from gone
      join pg_catalog.pg_constraint c on c.confrelid = gone.oid
      where c.contype = 'f'
        and c.confdeltype = 'c'
    ), reference as (
      select c.*
      from gone
      join pg_catalog.pg_constraint c on c.confrelid = gone.oid
      where c.contype = 'f'
        -- a partition's constraint is part of its parent's, whose index covers it
        and not exists (
          select from pg_catalog.pg_constraint whole
          where whole.oid = c.conparentid
            and whole.confrelid = c.confrelid)
        and not exists (
          select from pg_catalog.pg_constraint whole
          join gone as other on other.oid = whole.confrelid
          where whole.oid = c.conparentid
            and other.oid <> gone.oid)
    )
    select reference.conname, reference.confdeltype, child.relkind,
      child_space.nspname as schema, child.relname as name,
      parent_space.nspname as of_schema, parent.relname as of_name, parent.oid = child.oid as is_of_itself,
      pg_catalog.to_json(theirs.names) as columns,
      pg_catalog.to_json(array(
        select a.attname
        from pg_catalog.unnest(reference.confkey) with ordinality as k(attnum, place)
        join pg_catalog.pg_attribute a on a.attrelid = parent.oid and a.attnum = k.attnum
        order by k.place)) as referenced,
      heaps.pages, heaps.have_index
    from reference
    join pg_catalog.pg_class child on child.oid = reference.conrelid
    join pg_catalog.pg_namespace child_space on child_space.oid = child.relnamespace
    join pg_catalog.pg_class parent on parent.oid = reference.confrelid
    join pg_catalog.pg_namespace parent_space on parent_space.oid = parent.relnamespace
    cross join lateral (
      select array(
        select a.attname
        from pg_catalog.unnest(reference.conkey) with ordinality as k(attnum, place)
        join pg_catalog.pg_attribute a on a.attrelid = child.oid and a.attnum = k.attnum
        order by k.place) as names
    ) as theirs
    cross join lateral (
      select coalesce(pg_catalog.sum(pg_catalog.pg_relation_size(heap.oid)), 0)
          / pg_catalog.current_setting('block_size')::bigint as pages,
        pg_catalog.bool_and(exists (
          ${usableIndexes}
        )) as have_index
      from pg_catalog.pg_class heap
      join pg_catalog.pg_namespace heap_space on heap_space.oid = heap.relnamespace
      where heap.relkind = 'r'
        and (heap.oid = child.oid
          or heap.oid in (select relid from pg_catalog.pg_partition_tree(child.oid) where isleaf))
    ) as heaps
    order by child.relname, reference.conname`);
  return rows.map(toReference);
}

const onDelete: Readonly<Record<string, Reference["onDelete"]>> = {
  c: "cascade",
  n: "set null",
  d: "set default",
};

function toReference(row: Row): Reference {
  return {
    constraint: row.conname ?? "",
    table: nameOf(row.schema, row.name),
    columns: JSON.parse(row.columns ?? "[]") as string[],
    referenced: JSON.parse(row.referenced ?? "[]") as string[],
    of: nameOf(row.of_schema, row.of_name),
    isOfItself: row.is_of_itself === "t",
    isPartitioned: row.relkind === "p",
    onDelete: onDelete[row.confdeltype ?? ""] ?? "refuse",
    hasIndex: row.have_index === "t",
    pages: Number(row.pages ?? 0),
  };
}

function nameOf(schema: string | null | undefined, name: string | null | undefined): string {
  return [schema ?? "", name ?? ""].map(displayIdentifier).join(".");
}
