import type { Relation } from "../catalog/relation.ts";
import { raw, type Sql, sql } from "../sql/sql.ts";
import type { Queryable, Row } from "../transaction/database.ts";

/** Why a publication makes PostgreSQL refuse writes. */
export interface PublishedFault {
  readonly fault: "no identity" | "row filter" | "column list";
  readonly publication: string;
  /** the table itself, or the partition concerned */
  readonly schema: string;
  readonly name: string;
  /** the columns at fault: of the filter, or of the identity */
  readonly columns: readonly string[];
  /** the columns that the publication sends; empty where it has no column list */
  readonly listed: readonly string[];
  /** the row filter, or null */
  readonly filter: string | null;
  /** the table that the publication names */
  readonly of: { readonly schema: string; readonly name: string };
  /** a unique index that could be the identity, or null */
  readonly index: string | null;
}

/**
 * Why PostgreSQL would refuse an update or delete of a table because of its publications, partition by
 * partition: no replica identity, or a row filter or column list that does not fit the identity.
 */
export async function readPublishedFaults(
  db: Queryable,
  relation: Relation,
  events: readonly ("update" | "delete")[],
): Promise<PublishedFault[]> {
  // To plan the statement below takes PostgreSQL several milliseconds, and most databases publish nothing.
  const { rows: publications } = await db.query(sql`select from pg_catalog.pg_publication limit 1`);
  if (publications.length === 0) return [];
  const { rows } = await db.query(sql`
    with heap as (
      select c.*
      from pg_catalog.pg_class c
      where c.relkind = 'r'
        and c.relpersistence = 'p'
        and (c.oid = ${relation.oid}::oid
          or c.oid in (select relid from pg_catalog.pg_partition_tree(${relation.oid}::oid) where isleaf))
    ), member as (
      select oid as heap, oid as member from heap
      union
      select heap.oid, relid
      from heap
      cross join lateral pg_catalog.pg_partition_ancestors(heap.oid)
    ), identified as (
      select heap.oid as heap, heap.relreplident = 'f' as is_full, i.indexrelid,
        array(
          select a.attname
          from pg_catalog.pg_attribute a
          where a.attrelid = heap.oid
            and a.attnum = any (i.indkey)) as columns
      from heap
      left join pg_catalog.pg_index i on i.indrelid = heap.oid
        and case heap.relreplident when 'd' then i.indisprimary when 'i' then i.indisreplident else false end
    ), published as (
      ${publishedMembers(await hasSchemaPublications(db))}
    )
    select fault.fault, published.pubname, n.nspname as schema, heap.relname as name,
      of_space.nspname as of_schema, of_table.relname as of_name,
      pg_catalog.to_json(fault.columns) as columns, pg_catalog.to_json(published.listed) as listed, published.filter,
      (select c.relname
        from pg_catalog.pg_index i
        join pg_catalog.pg_class c on c.oid = i.indexrelid
        where i.indrelid = heap.oid
          and i.indisunique and i.indisvalid and i.indimmediate and i.indpred is null
          and not exists (
            select from pg_catalog.generate_series(0, i.indnkeyatts - 1) as p
            left join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[p]
            where a.attnotnull is not true)
        order by i.indnkeyatts, c.relname
        limit 1) as index
    from published
    join heap on heap.oid = published.heap
    join identified on identified.heap = heap.oid
    join pg_catalog.pg_namespace n on n.oid = heap.relnamespace
    join pg_catalog.pg_class of_table on of_table.oid = published.member
    join pg_catalog.pg_namespace of_space on of_space.oid = of_table.relnamespace
    cross join lateral (
      select 'no identity' as fault, '{}'::pg_catalog.name[] as columns
      where not identified.is_full
        and identified.indexrelid is null
      union all
      select 'row filter', array(select pg_catalog.unnest(published.filtered) except select pg_catalog.unnest(identified.columns))
      where not identified.is_full
        and identified.indexrelid is not null
        and published.is_sent_as
        and not published.filtered <@ identified.columns
      union all
      select 'column list', array(select pg_catalog.unnest(identified.columns) except select pg_catalog.unnest(published.listed))
      where published.is_sent_as
        and published.listed <> '{}'
        and (identified.is_full or not identified.columns <@ published.listed)
    ) as fault
    where published.pubupdate and ${events.includes("update")}::boolean
      or published.pubdelete and ${events.includes("delete")}::boolean
    order by fault.fault, heap.relname, published.pubname`);
  return rows.map(toFault);
}

/** Whether publications can include whole schemas: since PostgreSQL 15. */
async function hasSchemaPublications(db: Queryable): Promise<boolean> {
  const { rows } = await db.query(sql`
    select pg_catalog.to_regclass('pg_catalog.pg_publication_namespace') is not null as found`);
  return rows[0]?.found === "t";
}

/** The publications that send a table: by itself, as a partition, with its schema, or with all tables. */
function publishedMembers(hasSchemas: boolean): Sql {
  const whole =
    "'{}'::pg_catalog.name[] as filtered, '{}'::pg_catalog.name[] as listed, null as filter, true as is_sent_as";
  const bySchema = `
      union all
      select member.heap, member.member, p.pubname, p.pubupdate, p.pubdelete, ${whole}
      from member
      join pg_catalog.pg_class c on c.oid = member.member
      join pg_catalog.pg_publication_namespace pn on pn.pnnspid = c.relnamespace
      join pg_catalog.pg_publication p on p.oid = pn.pnpubid`;
  // PostgreSQL 15 introduced row filters, column lists and whole schemas together.
  const parts = `array(
          select distinct a.attname
          from pg_catalog.regexp_matches(pr.prqual::text, ':varattno (\\d+)', 'g') as found
          join pg_catalog.pg_attribute a on a.attrelid = pr.prrelid and a.attnum = found[1]::smallint) as filtered,
        array(
          select a.attname
          from pg_catalog.pg_attribute a
          where a.attrelid = pr.prrelid
            and a.attnum = any (pr.prattrs)) as listed,
        pg_catalog.pg_get_expr(pr.prqual, pr.prrelid) as filter,
        p.pubviaroot or member.member = member.heap as is_sent_as`;
  return raw(`select member.heap, member.member, p.pubname, p.pubupdate, p.pubdelete,
        ${hasSchemas ? parts : whole}
      from member
      join pg_catalog.pg_publication_rel pr on pr.prrelid = member.member
      join pg_catalog.pg_publication p on p.oid = pr.prpubid
      union all
      select member.heap, member.heap, p.pubname, p.pubupdate, p.pubdelete, ${whole}
      from member
      cross join pg_catalog.pg_publication p
      where p.puballtables
        and member.member = member.heap${hasSchemas ? bySchema : ""}`);
}

function toFault(row: Row): PublishedFault {
  return {
    fault: row.fault as PublishedFault["fault"],
    publication: row.pubname ?? "",
    schema: row.schema ?? "",
    name: row.name ?? "",
    columns: JSON.parse(row.columns ?? "[]") as string[],
    listed: JSON.parse(row.listed ?? "[]") as string[],
    filter: row.filter ?? null,
    of: { schema: row.of_schema ?? "", name: row.of_name ?? "" },
    index: row.index ?? null,
  };
}

/** The publications that send all tables, or whole schemas including this one. */
export async function readPublicationsOf(
  db: Queryable,
  schema: string,
): Promise<readonly { readonly publication: string; readonly isWhole: boolean }[]> {
  const bySchema = sql`
    union
    select p.pubname, false
    from pg_catalog.pg_publication p
    join pg_catalog.pg_publication_namespace pn on pn.pnpubid = p.oid
    join pg_catalog.pg_namespace n on n.oid = pn.pnnspid
    where n.nspname = ${schema}`;
  const { rows } = await db.query(sql`
    select pubname, puballtables as is_whole
    from pg_catalog.pg_publication
    where puballtables${(await hasSchemaPublications(db)) ? bySchema : raw("")}
    order by pubname`);
  return rows.map((row) => ({ publication: row.pubname ?? "", isWhole: row.is_whole === "t" }));
}
