import type { Relation } from "../postgres/catalog/relation.ts";
import { sql } from "../postgres/sql/sql.ts";
import type { Queryable } from "../postgres/transaction/database.ts";

/** What a column holds when an insert does not name it. */
export interface ColumnDefault {
  /** the expression; null for an identity */
  readonly expression: string | null;
  /** numbered by PostgreSQL: an identity, a serial */
  readonly isCounted: boolean;
  /** computed for each row, such as `now()` */
  readonly isComputed: boolean;
  /** needs nothing that is not in every database */
  readonly isBuiltIn: boolean;
}

/** The defaults of a table's columns, by column; generated columns have none. */
export async function readDefaults(
  db: Queryable,
  relation: Relation,
): Promise<ReadonlyMap<string, ColumnDefault>> {
  // Built-in objects are pinned, and leave no dependency.
  const { rows } = await db.query(sql`
    select a.attname, a.attidentity <> '' as identity,
      pg_catalog.pg_get_expr(d.adbin, d.adrelid) as expression,
      coalesce(d.adbin::text ~ '[{](FUNCEXPR|SQLVALUEFUNCTION|NEXTVALUEEXPR)', false) as computed,
      exists (
        select from pg_catalog.pg_depend p
        where p.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass
          and p.objid = d.oid
          and p.refobjid <> d.adrelid
      ) as needs_more
    from pg_catalog.pg_attribute a
    left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where a.attrelid = ${relation.oid}::oid
      and a.attnum > 0
      and not a.attisdropped
      and a.attgenerated = ''
      and (d.oid is not null or a.attidentity <> '')`);
  return new Map(
    rows.map((row) => {
      const isIdentity = row.identity === "t";
      const expression = isIdentity ? null : (row.expression ?? null);
      const isCounted = isIdentity || (expression?.startsWith("nextval(") ?? false);
      return [
        row.attname ?? "",
        {
          expression,
          isCounted,
          isComputed: isCounted || row.computed === "t",
          isBuiltIn: row.needs_more === "f",
        },
      ];
    }),
  );
}
