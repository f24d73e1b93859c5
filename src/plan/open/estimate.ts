import { explain } from "../../postgres/catalog/explain.ts";
import { qualifiedName } from "../../postgres/catalog/relation.ts";
import { raw, sql } from "../../postgres/sql/sql.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import type { OpenedTable } from "../../source/table/opened-table.ts";

/** About how many rows there are. A huge table is not counted, since that takes as long as reading it. */
export interface Estimate {
  /** rows in scope */
  readonly rows: number;
  /** keys that the walk visits to find them */
  readonly walk: number;
}

/** A table of up to this many pages is counted; of a larger one, a sample of this many pages is. */
const countedPages = 256;
/** A sample with fewer rows says too little about the rest. */
const fewestCounted = 100;

/** Without statistics on a column of the scope, such as a new one, all rows count as to do. */
export async function estimateRows(tx: Transaction, source: OpenedTable): Promise<Estimate> {
  const inScope = sql`select 1
    from ${qualifiedName(source.relation)} as ${raw(source.key.alias)}
    where ${source.condition({ after: null, through: null })}`;
  const [rows] = await explain(tx, inScope);
  const [walk] = await explain(tx, source.walk.wholeStatement());
  const share = await countedShare(tx, source);
  const all = Math.round((walk?.estimatedRows ?? 0) * share);
  const names = source.relation.columns.map(({ name }) => name);
  const named = names.filter((name) => mentions(inScope.toString(), name));
  const isBlind = named.length > 0 && (await someAreUnknown(tx, source, named));
  return { rows: isBlind ? all : Math.round((rows?.estimatedRows ?? 0) * share), walk: all };
}

/**
 * How many rows there are for each row that the planner estimates. It multiplies today's pages by the rows
 * per page of the last vacuum or analyze: a run that updated every row doubles the next estimate, and a
 * truncated table is guessed.
 */
async function countedShare(tx: Transaction, { relation }: OpenedTable): Promise<number> {
  const pages = await pagesOf(tx, relation.oid);
  if (pages === null) return 1;
  const [whole] = await explain(tx, sql`select 1 from ${qualifiedName(relation)}`);
  const believed = Math.max(1, whole?.estimatedRows ?? 1);
  const percent = Math.min(100, (100 * countedPages) / Math.max(1, pages));
  const { rows } = await tx.query(sql`
    select pg_catalog.count(*) as live
    from ${qualifiedName(relation)} tablesample system (${percent}::real) repeatable (0)`);
  const live = Number(rows[0]?.live ?? 0);
  if (percent < 100 && live < fewestCounted) return 1;
  return (live * 100) / percent / believed;
}

/** Pages of a table and its partitions; null where some are foreign tables, which cannot be sampled. */
async function pagesOf(tx: Transaction, oid: string): Promise<number | null> {
  const { rows } = await tx.query(sql`
    select pg_catalog.sum(pg_catalog.pg_relation_size(part.oid)) / pg_catalog.current_setting('block_size')::bigint as pages,
      pg_catalog.bool_or(part.relkind = 'f') as is_elsewhere
    from pg_catalog.pg_class as part
    where part.oid = ${oid}::oid
      or part.oid in (select relid from pg_catalog.pg_partition_tree(${oid}::oid) where isleaf)`);
  return rows[0]?.is_elsewhere === "t" ? null : Number(rows[0]?.pages ?? 0);
}

/** Whether PostgreSQL has no statistics on some of these columns; for a partitioned table, in no partition. */
async function someAreUnknown(
  tx: Transaction,
  { relation: { oid } }: OpenedTable,
  columns: readonly string[],
): Promise<boolean> {
  const { rows } = await tx.query(sql`
    select
    from pg_catalog.pg_attribute a
    where a.attrelid = ${oid}::oid
      and a.attname = any (${[...columns]}::text[])
      and not exists (
        select
        from pg_catalog.pg_class c
        join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        join pg_catalog.pg_stats s on s.schemaname = n.nspname and s.tablename = c.relname
        where s.attname = a.attname
          and (c.oid = ${oid}::oid
            or c.oid in (select relid from pg_catalog.pg_partition_tree(${oid}::oid) where isleaf)))`);
  return rows.length > 0;
}

function mentions(text: string, column: string): boolean {
  const escaped = column.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`(?<!\\w)${escaped}(?!\\w)`, "i").test(text);
}
