import { RefusedError } from "../../errors.ts";
import { join, quoteIdentifier, raw, type Sql, sql } from "../sql/sql.ts";
import type { Queryable } from "../transaction/database.ts";

/** Which table a name stood for, and which files held its rows: what a checkpoint refers to. */
export interface TableIdentity {
  readonly schema: string;
  readonly name: string;
  readonly oid: string;
  /** the file number by the OID of the table or leaf partition; it changes when the table is rewritten */
  readonly files: Readonly<Record<string, string>>;
}

/** How a table differs from what it was. */
export type TableChange = "replaced" | "rewritten" | null;

/** What a name stands for now; null where there is no such table. */
export async function readIdentity(
  db: Queryable,
  { schema, name }: Pick<TableIdentity, "schema" | "name">,
): Promise<TableIdentity | null> {
  const { rows } = await db.query(sql`
    select c.oid, pg_catalog.json_object_agg(leaf.oid, pg_catalog.pg_relation_filenode(leaf.oid)::text) as files
    from pg_catalog.pg_class c
    cross join lateral (
      select c.oid::oid as oid
      where c.relkind <> 'p'
      union
      select relid::oid
      from pg_catalog.pg_partition_tree(c.oid)
      where isleaf
    ) as leaf
    where c.oid = pg_catalog.to_regclass(${quotedName({ schema, name })})
    group by c.oid`);
  const [row] = rows;
  return row === undefined
    ? null
    : { schema, name, oid: row.oid ?? "", files: JSON.parse(row.files ?? "{}") };
}

/** What a name stands for now. @throws RefusedError where the table has just been renamed or dropped */
export async function requireIdentity(
  db: Queryable,
  name: Pick<TableIdentity, "schema" | "name">,
): Promise<TableIdentity> {
  const identity = await readIdentity(db, name);
  if (identity !== null) return identity;
  throw new RefusedError(
    "table-exists",
    `The table ${name.schema}.${name.name} has just been renamed or dropped. Nothing was started.`,
    "Type the command again when the table is there.",
  );
}

/**
 * The condition that these tables are still the same. A transaction that has used them holds locks on them,
 * so in its last statement this covers all its statements. With `files`, a rewrite counts as a change; a
 * dropped partition counts as one only where `isWhole`.
 */
export function sameTables(
  tables: readonly TableIdentity[],
  { files, isWhole }: { readonly files: boolean; readonly isWhole: boolean },
): Sql {
  const names = tables.map(
    (table) => sql`pg_catalog.to_regclass(${quotedName(table)})::oid is not distinct from ${table.oid}::oid`,
  );
  if (!files) return names.length === 0 ? sql`true` : join(names, " and ");
  const known = tables.flatMap(({ files }) => Object.entries(files));
  const dropped = isWhole ? raw("") : sql` and pg_catalog.pg_relation_filenode(known.oid) is not null`;
  const same = sql`not exists (
      select from rows from (
        pg_catalog.unnest(${known.map(([oid]) => oid)}::oid[]),
        pg_catalog.unnest(${known.map(([, file]) => file)}::oid[])
      ) as known(oid, file)
      where pg_catalog.pg_relation_filenode(known.oid) is distinct from known.file${dropped})`;
  return join([...names, same], " and ");
}

/** How a table has changed since `before`. */
export async function changeOf(db: Queryable, before: TableIdentity, isWhole: boolean): Promise<TableChange> {
  const now = await readIdentity(db, before);
  if (now?.oid !== before.oid) return "replaced";
  const isRewritten = Object.entries(before.files).some(
    ([oid, file]) => now.files[oid] !== file && (isWhole || now.files[oid] !== undefined),
  );
  const isLarger = isWhole && Object.keys(now.files).some((oid) => before.files[oid] === undefined);
  return isRewritten || isLarger ? "rewritten" : null;
}

/**
 * The partitions attached since that contain rows older than the attaching. A partition that was created in
 * place, empty, is not among them.
 */
export async function partitionsAttachedSince(
  db: Queryable,
  before: TableIdentity,
): Promise<readonly string[]> {
  const { rows } = await db.query(sql`
    with recursive tree (oid, attached) as (
      select ${before.oid}::oid, 2147483647
      union all
      select child.inhrelid, least(tree.attached, pg_catalog.age(child.xmin))
      from tree
      join pg_catalog.pg_inherits child on child.inhparent = tree.oid
    )
    select n.nspname, c.relname, tree.attached
    from tree
    join pg_catalog.pg_class c on c.oid = tree.oid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relkind = 'r'
      and pg_catalog.has_table_privilege(c.oid, 'select')
      and tree.oid <> all (${[before.oid, ...Object.keys(before.files)]}::oid[])
    order by n.nspname, c.relname`);
  const attached: string[] = [];
  for (const { nspname, relname, attached: age } of rows) {
    const table = raw(`${quoteIdentifier(nspname ?? "")}.${quoteIdentifier(relname ?? "")}`);
    const { rows: older } = await db.query(
      // The first blocks suffice: a table that was filled before it was attached has its old rows there.
      sql`select 1
        from ${table} as leaf
        where leaf.ctid between '(0,0)' and '(1000,0)'
          and pg_catalog.age(leaf.xmin) >= ${age}::integer
        limit 1`,
    );
    if (older.length > 0) attached.push(`${nspname}.${relname}`);
  }
  return attached;
}

/** The tables that were partitions of a table and are now tables of their own. */
export async function partitionsDetachedSince(
  db: Queryable,
  before: TableIdentity,
): Promise<readonly string[]> {
  const { rows } = await db.query(sql`
    select n.nspname, c.relname
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.oid = any (${Object.keys(before.files)}::oid[])
      and c.oid <> ${before.oid}::oid
      and c.oid not in (select relid from pg_catalog.pg_partition_tree(${before.oid}::oid))
    order by n.nspname, c.relname`);
  return rows.map(({ nspname, relname }) => `${nspname}.${relname}`);
}

function quotedName({ schema, name }: Pick<TableIdentity, "schema" | "name">): string {
  return `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
}
