import { qualifiedName } from "../postgres/catalog.ts";
import type { Transaction } from "../postgres/database.ts";
import { explain } from "../postgres/explain.ts";
import { raw, sql } from "../postgres/sql.ts";
import type { OpenedTable } from "../source/opened-table.ts";

/** What PostgreSQL's statistics say; nothing is counted, since counting a huge table takes as long as reading it. */
export interface Estimate {
  /** rows in scope */
  readonly rows: number;
  /** keys that the walk goes over to find them */
  readonly walk: number;
}

/** Where the statistics know nothing of a column that the scope asks for, as of one that is new, all rows are to do. */
export async function estimateRows(tx: Transaction, source: OpenedTable): Promise<Estimate> {
  const inScope = sql`select 1
    from ${qualifiedName(source.relation)} as ${raw(source.key.alias)}
    where ${source.condition({ after: null, through: null })}`;
  const [rows] = await explain(tx, inScope);
  const [walk] = await explain(tx, source.walk.wholeStatement());
  const all = walk?.estimatedRows ?? 0;
  const isBlind = (await unknownColumns(tx, source)).some((name) => mentions(inScope.toString(), name));
  return { rows: isBlind ? all : (rows?.estimatedRows ?? 0), walk: all };
}

/** Columns of which PostgreSQL has no statistics; of a partitioned table, in none of its partitions. */
async function unknownColumns(tx: Transaction, { relation: { oid } }: OpenedTable): Promise<string[]> {
  const { rows } = await tx.query(sql`
    select a.attname as name
    from pg_catalog.pg_attribute a
    where a.attrelid = ${oid}::oid
      and a.attnum > 0
      and not a.attisdropped
      and not exists (
        select
        from pg_catalog.pg_class c
        join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        join pg_catalog.pg_stats s on s.schemaname = n.nspname and s.tablename = c.relname
        where s.attname = a.attname
          and (c.oid = ${oid}::oid
            or c.oid in (select relid from pg_catalog.pg_partition_tree(${oid}::oid) where isleaf)))`);
  return rows.map(({ name }) => name ?? "");
}

function mentions(text: string, column: string): boolean {
  const escaped = column.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`(?<!\\w)${escaped}(?!\\w)`, "i").test(text);
}
