import { qualifiedName, type Relation } from "../../postgres/catalog/relation.ts";
import { quoteIdentifier, raw, type Sql, sql } from "../../postgres/sql/sql.ts";
import type { Queryable } from "../../postgres/transaction/database.ts";

/**
 * The condition that deleting a row of this table would delete or change no row of another table: a row to
 * which rows of the application refer is in use, even if unchanged itself. Null where no foreign key
 * passes deletes on.
 */
export async function referencedByNone(
  db: Queryable,
  relation: Relation,
  alias: string,
): Promise<Sql | null> {
  const { rows } = await db.query(sql`
    select n.nspname, c.relname,
      (select pg_catalog.json_agg(a.attname order by k.place)
        from pg_catalog.unnest(fk.conkey) with ordinality as k(attnum, place)
        join pg_catalog.pg_attribute a on a.attrelid = fk.conrelid and a.attnum = k.attnum) as theirs,
      (select pg_catalog.json_agg(a.attname order by k.place)
        from pg_catalog.unnest(fk.confkey) with ordinality as k(attnum, place)
        join pg_catalog.pg_attribute a on a.attrelid = fk.confrelid and a.attnum = k.attnum) as ours
    from pg_catalog.pg_constraint fk
    join pg_catalog.pg_class c on c.oid = fk.conrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where fk.confrelid = ${relation.oid}::oid
      and fk.contype = 'f'
      and fk.confdeltype in ('c', 'n', 'd')
      and fk.conparentid = 0
    order by fk.oid`);
  if (rows.length === 0) return null;
  const conditions = rows.map(({ nspname, relname, theirs, ours }, index) => {
    const child = `tidefill_child_${index + 1}`;
    const names = JSON.parse(theirs ?? "[]") as string[];
    const keys = JSON.parse(ours ?? "[]") as string[];
    const equal = names.map(
      (name, place) => `${child}.${quoteIdentifier(name)} = ${alias}.${quoteIdentifier(keys[place] ?? "")}`,
    );
    const table = qualifiedName({ schema: nspname ?? "", name: relname ?? "" });
    return sql`not exists (
          select from ${table} as ${raw(child)}
          where ${raw(equal.join(" and "))})`;
  });
  return conditions.reduce(
    (left, right) => sql`${left}
        and ${right}`,
  );
}
