import { quoteIdentifier, raw, type Sql, sql } from "../sql/sql.ts";
import type { Queryable } from "../transaction/database.ts";
import type { Relation } from "./relation.ts";

/** One of the values that a unique index or an exclusion constraint compares. */
interface UniquePart {
  /** null for an expression */
  readonly column: string | null;
  /** the column or expression as SQL over the table's columns */
  readonly text: string;
  /** two rows conflict where it holds for their values */
  readonly operator: string;
}

/** A unique index, or the index of an exclusion constraint: it refuses two rows with the same values. */
export interface UniqueIndex {
  readonly name: string;
  readonly constraint: string | null;
  readonly isExclusion: boolean;
  readonly isDeferrable: boolean;
  /** two nulls conflict with each other */
  readonly nullsMeet: boolean;
  readonly parts: readonly UniquePart[];
  /** only rows for which it holds are compared; null for all rows */
  readonly predicate: string | null;
  /** the columns that the parts and the predicate use */
  readonly columns: readonly string[];
}

/** All unique indexes and exclusion constraints of a table, the simplest first. */
export async function readUniqueIndexes(db: Queryable, relation: Relation): Promise<UniqueIndex[]> {
  const { rows } = await db.query(sql`
    select c.relname, con.conname, i.indisexclusion, not i.indimmediate as is_deferrable,
      -- since PostgreSQL 15
      pg_catalog.to_jsonb(i) ->> 'indnullsnotdistinct' as nulls_meet,
      pg_catalog.pg_get_expr(i.indpred, i.indrelid) as predicate,
      (select pg_catalog.json_agg(pg_catalog.json_build_object(
          'column', a.attname,
          'text', pg_catalog.pg_get_indexdef(i.indexrelid, p + 1, false),
          'operator', case when o.oid is null then '=' else pg_catalog.format('operator(%I.%s)', n.nspname, o.oprname) end) order by p)
        from pg_catalog.generate_series(0, i.indnkeyatts - 1) p
        left join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[p] and a.attnum > 0
        left join pg_catalog.pg_operator o on i.indisexclusion and o.oid = con.conexclop[p + 1]
        left join pg_catalog.pg_namespace n on n.oid = o.oprnamespace) as parts,
      (select pg_catalog.json_agg(a.attname order by a.attnum)
        from pg_catalog.pg_attribute a
        where a.attrelid = i.indrelid
          and (a.attnum = any (i.indkey[0:i.indnkeyatts - 1])
            or exists (
              select from pg_catalog.pg_depend d
              where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                and d.objid = i.indexrelid
                and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
                and d.refobjid = i.indrelid
                and d.refobjsubid = a.attnum))
          and a.attnum > 0) as columns
    from pg_catalog.pg_index i
    join pg_catalog.pg_class c on c.oid = i.indexrelid
    left join pg_catalog.pg_constraint con on con.conindid = i.indexrelid
      and con.conrelid = i.indrelid
      and con.contype in ('p', 'u', 'x')
    where i.indrelid = ${relation.oid}::oid
      and i.indisvalid
      and (i.indisunique or i.indisexclusion)
    order by i.indpred is not null, i.indisprimary desc, c.relname`);
  return rows.map((row) => ({
    name: row.relname ?? "",
    constraint: row.conname ?? null,
    isExclusion: row.indisexclusion === "t",
    isDeferrable: row.is_deferrable === "t",
    nullsMeet: row.nulls_meet === "true",
    predicate: row.predicate ?? null,
    parts: JSON.parse(row.parts ?? "[]") as UniquePart[],
    columns: JSON.parse(row.columns ?? "[]") as string[],
  }));
}

/**
 * Names the indexes that PostgreSQL infers as arbiters for `on conflict` with this target. @throws
 * PostgreSQL's 42P10 where it infers none
 */
export async function inferIndexes(db: Queryable, table: Sql, target: Sql): Promise<readonly string[]> {
  const { rows } = await db.query(sql`explain (format json, costs off)
    insert into ${table} default values
    on conflict ${target} do nothing`);
  const [plan] = JSON.parse(rows[0]?.["QUERY PLAN"] ?? "[]") as readonly {
    readonly Plan: { readonly "Conflict Arbiter Indexes"?: readonly string[] };
  }[];
  return plan?.Plan["Conflict Arbiter Indexes"] ?? [];
}

/** The value that a table gives to a column that an insert does not name, as SQL. */
export interface ColumnFill {
  readonly text: string;
  /** computed from the row's other columns */
  readonly isGenerated: boolean;
}

/** The defaults and generation expressions of a table by column, except those that draw from a sequence. */
export async function readColumnFills(
  db: Queryable,
  relation: Relation,
): Promise<ReadonlyMap<string, ColumnFill>> {
  const { rows } = await db.query(sql`
    select a.attname, a.attgenerated <> '' as is_generated, pg_catalog.pg_get_expr(d.adbin, d.adrelid) as text
    from pg_catalog.pg_attrdef d
    join pg_catalog.pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum
    where d.adrelid = ${relation.oid}::oid`);
  const fills = rows.filter(({ text }) => !/\bnextval\(/.test(text ?? ""));
  return new Map(
    fills.map((row) => [row.attname ?? "", { text: row.text ?? "", isGenerated: row.is_generated === "t" }]),
  );
}

/** A unique index in the form that `on conflict` takes. */
export function conflictTarget({ constraint, isExclusion, parts, predicate }: UniqueIndex): Sql {
  if (isExclusion && constraint !== null) return sql`on constraint ${raw(quoteIdentifier(constraint))}`;
  const texts = parts.map(({ column, text }) => (column === null ? `(${text})` : quoteIdentifier(column)));
  const where = predicate === null ? "" : ` where ${predicate}`;
  return raw(`(${texts.join(", ")})${where}`);
}
