import { displayName } from "../../job/columns/table.ts";
import { sql } from "../../postgres/sql/sql.ts";
import type { Queryable, Row } from "../../postgres/transaction/database.ts";
import { type ColumnFacts, freshBytes } from "./column-facts.ts";

/** An index of a table that will be written. */
export interface IndexFacts {
  readonly name: string;
  /** `btree`, `gin`, … */
  readonly method: string;
  readonly bytes: number;
  /** approximate bytes of one entry */
  readonly entryBytes: number;
  /** the constraint that it enforces, or null */
  readonly constraint: string | null;
  readonly isUnique: boolean;
  /** columns that are indexed, or used by an expression or condition of the index */
  readonly columns: readonly string[];
}

/** The indexes of a table; an index of a partitioned table includes its parts. */
export async function readIndexFacts(
  db: Queryable,
  oid: string,
  columns: readonly ColumnFacts[],
): Promise<IndexFacts[]> {
  const { rows } = await db.query(sql`
    select n.nspname, c.relname, am.amname, i.indisunique,
      coalesce((
        select pg_catalog.sum(pg_catalog.pg_relation_size(relid))
        from pg_catalog.pg_partition_tree(i.indexrelid)
        where isleaf), pg_catalog.pg_relation_size(i.indexrelid)) as bytes,
      (select pg_catalog.min(conname)
        from pg_catalog.pg_constraint
        where conindid = i.indexrelid
          and contype in ('p', 'u', 'x')) as constraint_name,
      (select pg_catalog.json_agg(a.attname order by part.place)
        from pg_catalog.unnest(i.indkey) with ordinality as part(attnum, place)
        left join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = part.attnum) as parts,
      (select pg_catalog.json_agg(a.attname)
        from pg_catalog.pg_attribute a
        where a.attrelid = i.indrelid
          and a.attnum > 0
          and (a.attnum = any (i.indkey)
            or exists (
              select from pg_catalog.pg_depend d
              where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                and d.objid = i.indexrelid
                and d.refobjid = i.indrelid
                and d.refobjsubid = a.attnum))) as columns
    from pg_catalog.pg_index i
    join pg_catalog.pg_class c on c.oid = i.indexrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    join pg_catalog.pg_am am on am.oid = c.relam
    where i.indisready
      and (i.indrelid = ${oid}::oid
        or i.indrelid in (select relid from pg_catalog.pg_partition_tree(${oid}::oid) where isleaf))
      -- a partition's part of an index counts with the whole
      and not exists (select from pg_catalog.pg_inherits where inhrelid = i.indexrelid)
    order by c.relname, n.nspname`);
  return rows.map((row) => toIndexFacts(row, columns));
}

function toIndexFacts(row: Row, columns: readonly ColumnFacts[]): IndexFacts {
  const parts = JSON.parse(row.parts ?? "[]") as readonly (string | null)[];
  const widths = parts.map((part) => widthOf(columns.find(({ name }) => name === part)));
  return {
    name: displayName({ schema: row.nspname ?? null, name: row.relname ?? "" }),
    method: row.amname ?? "",
    bytes: Number(row.bytes ?? 0),
    entryBytes: Math.ceil((8 + widths.reduce((total, width) => total + width, 0)) / 8) * 8,
    constraint: row.constraint_name ?? null,
    isUnique: row.indisunique === "t",
    columns: JSON.parse(row.columns ?? "[]") as readonly string[],
  };
}

/** Assumed bytes of an expression's value. */
const expressionBytes = 32;

function widthOf(column: ColumnFacts | undefined): number {
  if (column === undefined) return expressionBytes;
  const { low, high } = freshBytes(column);
  return column.averageBytes ?? (low + high) / 2;
}
