import { displayName } from "../../job/columns/table.ts";
import type { Relation } from "../../postgres/catalog/relation.ts";
import { sql } from "../../postgres/sql/sql.ts";
import type { Queryable } from "../../postgres/transaction/database.ts";
import { type ColumnFacts, readColumnFacts, rowBytes } from "./column-facts.ts";
import { type IndexFacts, readIndexFacts } from "./index-facts.ts";
import type { Interval } from "./interval.ts";

/** What the catalogue says about a table that decides the cost of writing it; reads and counts no row. */
export interface TableStatistics {
  readonly name: string;
  /** of the table itself, including partitions, without indexes and values stored out of line */
  readonly bytes: number;
  readonly columns: readonly ColumnFacts[];
  /** bytes of a row in its page */
  readonly rowBytes: Interval;
  /** the percentage of a page that is filled before the next page is begun */
  readonly fillFactor: number;
  readonly indexes: readonly IndexFacts[];
  /** the columns that each generated column is computed from, by the generated column */
  readonly generatedFrom: Readonly<Record<string, readonly string[]>>;
  /** `replica identity full`: each change to a row logs the whole old row */
  readonly hasFullIdentity: boolean;
}

/** Reads the catalogue about a table; quick for any size. */
export async function readTableStatistics(db: Queryable, relation: Relation): Promise<TableStatistics> {
  const columns = await readColumnFacts(db, relation.oid);
  const { rows } = await db.query(sql`
    select pg_catalog.sum(pg_catalog.pg_relation_size(c.oid)) as bytes,
      pg_catalog.min(coalesce(pg_catalog.substring(c.reloptions::text, 'fillfactor=(\d+)')::integer, 100)) as fill_factor,
      pg_catalog.bool_or(c.relreplident = 'f') as full_identity,
      (select pg_catalog.json_object_agg(made.name, made.columns)
        from (
          select g.attname as name, pg_catalog.json_agg(a.attname) as columns
          from pg_catalog.pg_attribute g
          join pg_catalog.pg_attrdef e on e.adrelid = g.attrelid and e.adnum = g.attnum
          join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass and d.objid = e.oid
            or d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = g.attrelid and d.objsubid = g.attnum
          join pg_catalog.pg_attribute a on a.attrelid = g.attrelid and a.attnum = d.refobjsubid
          where g.attrelid = ${relation.oid}::oid
            and g.attgenerated <> ''
            and d.refobjid = g.attrelid
            and a.attnum > 0
            and a.attnum <> g.attnum
          group by g.attname
        ) made) as generated_from
    from pg_catalog.pg_class c
    where c.oid = ${relation.oid}::oid
        and c.relkind <> 'p'
      or c.oid in (select relid from pg_catalog.pg_partition_tree(${relation.oid}::oid) where isleaf)`);
  const [row] = rows;
  return {
    name: displayName(relation),
    bytes: Number(row?.bytes ?? 0),
    columns,
    rowBytes: rowBytes(columns.map(({ alignment, present }) => ({ alignment, bytes: present }))),
    fillFactor: Number(row?.fill_factor ?? 100),
    indexes: await readIndexFacts(db, relation.oid, columns),
    generatedFrom: JSON.parse(row?.generated_from ?? "{}") as TableStatistics["generatedFrom"],
    hasFullIdentity: row?.full_identity === "t",
  };
}

/** The columns that change when these are written, including those generated from them. */
export function changedColumns(facts: TableStatistics, written: readonly string[]): readonly string[] {
  const generated = Object.entries(facts.generatedFrom)
    .filter(([, from]) => from.some((column) => written.includes(column)))
    .map(([name]) => name);
  return [...written, ...generated];
}
