import type { StepTable } from "../../job/steps/steps.ts";
import { type Sql, sql } from "../../postgres/sql/sql.ts";
import type { Queryable, Row } from "../../postgres/transaction/database.ts";
import { regclassOf } from "../statements/catalogue.ts";

/** A column's definition, as PostgreSQL prints it. */
export interface ColumnShape {
  readonly type: string;
  readonly notNull: boolean;
  readonly default: string | null;
}

/** The columns of a table by their names. */
export async function columnsOf(tx: Queryable, table: StepTable): Promise<ReadonlyMap<string, ColumnShape>> {
  const { rows } = await tx.query(sql`
    select a.attname, a.attnotnull, pg_catalog.pg_get_expr(d.adbin, d.adrelid) as default,
      pg_catalog.concat_ws(
        ' ',
        pg_catalog.format_type(a.atttypid, a.atttypmod),
        (
          select 'collate ' || pg_catalog.quote_ident(c.collname)
          from pg_catalog.pg_collation c
          where c.oid = a.attcollation
            and c.collname <> 'default'
        ),
        case a.attgenerated when '' then null else 'generated' end,
        case a.attidentity when '' then null else 'identity' end
      ) as type
    from pg_catalog.pg_attribute a
    left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where a.attrelid = pg_catalog.to_regclass(${regclassOf(table)})
      and a.attnum > 0
      and not a.attisdropped
    order by a.attnum`);
  return new Map(rows.map((row) => [row.attname ?? "", shapeOf(row)]));
}

function shapeOf(row: Row): ColumnShape {
  return {
    type: row.type ?? "",
    notNull: row.attnotnull === "t",
    // The sequence of a serial column is named after its table.
    default: row.default?.replace(/^nextval\(.*\)$/s, "nextval(…)") ?? null,
  };
}

/** Whether a column has everything that is wanted; it may be stricter, because of other steps. */
export function isLike(found: ColumnShape | undefined, wanted: ColumnShape): boolean {
  if (found === undefined || found.type !== wanted.type) return false;
  return (!wanted.notNull || found.notNull) && (wanted.default === null || wanted.default === found.default);
}

export function shown({ type, notNull, default: value }: ColumnShape): string {
  return `${type}${value === null ? "" : ` default ${value}`}${notNull ? " not null" : ""}`;
}

/** The comparable parts of an index, independent of its table's name. */
export async function indexShape(tx: Queryable, condition: Sql): Promise<Row | undefined> {
  const { rows } = await tx.query(sql`
    select pg_catalog.pg_get_indexdef(i.indexrelid) as definition,
      pg_catalog.concat_ws(
        ' | ',
        i.indisunique, a.amname, i.indnkeyatts, i.indoption::text, i.indclass::text, i.indcollation::text,
        coalesce(pg_catalog.pg_get_expr(i.indpred, i.indrelid), ''),
        (
          select pg_catalog.string_agg(pg_catalog.pg_get_indexdef(i.indexrelid, k, false), ', ' order by k)
          from pg_catalog.generate_series(1, i.indnatts) k
        )
      ) as shape
    from pg_catalog.pg_index i
    join pg_catalog.pg_class c on c.oid = i.indexrelid
    join pg_catalog.pg_am a on a.oid = c.relam
    where ${condition}`);
  return rows[0];
}

/** A constraint as PostgreSQL prints it, validated or not; undefined where there is none. */
export async function constraintShape(
  tx: Queryable,
  table: StepTable,
  constraint: string,
): Promise<string | undefined> {
  const { rows } = await tx.query(sql`
    select pg_catalog.pg_get_constraintdef(oid) as definition
    from pg_catalog.pg_constraint
    where conrelid = pg_catalog.to_regclass(${regclassOf(table)})
      and conname = ${constraint}`);
  return rows[0]?.definition?.replace(/ NOT VALID$/, "");
}
