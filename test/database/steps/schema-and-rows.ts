import type { TestDatabase } from "../../support/database.ts";

/** Every detail of the schema `public` that a step could change, and a checksum of each table's rows. */
export async function schemaAndRows(database: TestDatabase): Promise<unknown> {
  const schema = await database.query(`
    select 'column' as what, attrelid::regclass::text as of, attname as name,
      concat_ws(' ', format_type(atttypid, atttypmod), attnotnull, attidentity,
        (select pg_get_expr(adbin, adrelid) from pg_attrdef where adrelid = attrelid and adnum = attnum)) as is
    from pg_attribute
    join pg_class c on c.oid = attrelid
    where c.relnamespace = 'public'::regnamespace
      and c.relkind in ('r', 'v', 'm', 'S')
      and attnum > 0
      and not attisdropped
    union all
    select 'constraint', conrelid::regclass::text, conname, concat_ws(' ', pg_get_constraintdef(oid), convalidated)
    from pg_constraint
    where connamespace = 'public'::regnamespace
    union all
    select 'index', indrelid::regclass::text, c.relname, concat_ws(' ', pg_get_indexdef(indexrelid), indisvalid)
    from pg_index
    join pg_class c on c.oid = indexrelid
    where c.relnamespace = 'public'::regnamespace
    order by 1, 2, 3`);
  const tables = await database.query(
    "select tablename from pg_tables where schemaname = 'public' order by 1",
  );
  const sums: Record<string, unknown> = {};
  for (const { tablename } of tables) {
    const [row] = await database.query(
      `select md5(string_agg(md5(t::text), ',' order by md5(t::text))) as sum from public.${tablename} t`,
    );
    sums[String(tablename)] = row?.sum;
  }
  return { schema, sums };
}
