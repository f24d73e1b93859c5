import { sql } from "../sql/sql.ts";
import type { Queryable } from "../transaction/database.ts";
import type { Relation } from "./relation.ts";

/** A constraint or unique index that compares each row with the other rows. */
export interface ComparingConstraint {
  readonly name: string;
  readonly kind: "unique" | "exclusion";
  readonly columns: readonly ComparedColumn[];
  readonly isDeferrable: boolean;
  /** the condition of the rows that it compares, as SQL; null where it compares all */
  readonly predicate: string | null;
}

interface ComparedColumn {
  readonly name: string;
  /** two rows are refused where it holds for all columns; qualified, for SQL */
  readonly operator: string;
  /** a numeric type, which has values below zero */
  readonly isNumber: boolean;
}

/** The constraints that compare rows and contain one of the `written` columns; without expressions. */
export async function readComparingConstraints(
  db: Queryable,
  relation: Relation,
  written: readonly string[],
): Promise<ComparingConstraint[]> {
  const { rows } = await db.query(sql`
    select c.relname as name, i.indisexclusion, not i.indimmediate or coalesce(con.condeferrable, false) as is_deferrable,
      pg_catalog.pg_get_expr(i.indpred, i.indrelid) as predicate,
      (select pg_catalog.json_agg(pg_catalog.json_build_object(
            'name', a.attname,
            'operator', pg_catalog.format('operator(%I.%s)', n.nspname, o.oprname),
            'isNumber', ty.typcategory = 'N') order by p.place)
        from pg_catalog.generate_series(0, i.indnkeyatts - 1) as p(place)
        join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[p.place]
        join pg_catalog.pg_type ty on ty.oid = a.atttypid
        join pg_catalog.pg_opclass oc on oc.oid = i.indclass[p.place]
        left join pg_catalog.pg_amop ao on ao.amopfamily = oc.opcfamily and ao.amopstrategy = 3
          and ao.amoplefttype = oc.opcintype and ao.amoprighttype = oc.opcintype
        join pg_catalog.pg_operator o on o.oid = coalesce(con.conexclop[p.place + 1], ao.amopopr)
        join pg_catalog.pg_namespace n on n.oid = o.oprnamespace) as columns
    from pg_catalog.pg_index i
    join pg_catalog.pg_class c on c.oid = i.indexrelid
    left join pg_catalog.pg_constraint con on con.conindid = i.indexrelid
      and con.conrelid = i.indrelid
      and con.contype in ('u', 'p', 'x')
    where i.indrelid = ${relation.oid}::oid
      and (i.indisunique or i.indisexclusion)
      and not 0 = any (i.indkey[0:i.indnkeyatts - 1])
      and exists (
        select from pg_catalog.pg_attribute a
        where a.attrelid = i.indrelid
          and a.attnum = any (i.indkey[0:i.indnkeyatts - 1])
          and a.attname = any (${[...written]}::text[]))
    order by c.relname`);
  return rows.map((row) => ({
    name: row.name ?? "",
    kind: row.indisexclusion === "t" ? "exclusion" : "unique",
    columns: JSON.parse(row.columns ?? "[]") as ComparedColumn[],
    isDeferrable: row.is_deferrable === "t",
    predicate: row.predicate ?? null,
  }));
}
