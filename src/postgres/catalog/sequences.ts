import { displayIdentifier, quoteIdentifier, raw, sql } from "../sql/sql.ts";
import type { Queryable } from "../transaction/database.ts";
import { qualifiedName, type Relation } from "./relation.ts";

/** A column that takes its value from a sequence when an insert does not name it. */
export interface SequenceColumn {
  readonly column: string;
  /** the sequence, qualified and quoted, as `nextval` takes it */
  readonly sequence: string;
  readonly increment: bigint;
  /** whether the sequence is dropped with its column, as those of serial and identity are */
  readonly isOwned: boolean;
  /** whether the column's greatest value can be found without a scan */
  readonly isIndexed: boolean;
  /** whether this role may read the sequence and draw from it */
  readonly isOurs: boolean;
}

/** Those of the named columns that have a sequence: `serial`, `identity`, or a default of `nextval`. */
export async function readSequenceColumns(
  db: Queryable,
  relation: Relation,
  columns: readonly string[],
): Promise<SequenceColumn[]> {
  const { rows } = await db.query(sql`
    select distinct on (a.attname) a.attname, n.nspname, c.relname, s.seqincrement,
      dep.classid = 'pg_catalog.pg_class'::pg_catalog.regclass as is_owned,
      pg_catalog.has_sequence_privilege(c.oid, 'usage') and pg_catalog.has_sequence_privilege(c.oid, 'select') as is_ours,
      exists (
        select from pg_catalog.pg_index i
        join pg_catalog.pg_class ic on ic.oid = i.indexrelid
        join pg_catalog.pg_am am on am.oid = ic.relam
        where i.indrelid = a.attrelid
          and i.indkey[0] = a.attnum
          and i.indisvalid
          and i.indpred is null
          and am.amname = 'btree') as is_indexed
    from pg_catalog.pg_attribute a
    left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    join pg_catalog.pg_depend dep on
        -- what a column owns: serial and identity
        dep.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
          and dep.refobjid = a.attrelid and dep.refobjsubid = a.attnum and dep.deptype in ('a', 'i')
        -- what its default draws from
        or dep.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass and dep.objid = d.oid
    join pg_catalog.pg_class c on c.relkind = 'S'
      and c.oid = case dep.classid when 'pg_catalog.pg_class'::pg_catalog.regclass then dep.objid else dep.refobjid end
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    join pg_catalog.pg_sequence s on s.seqrelid = c.oid
    where a.attrelid = ${relation.oid}::oid
      and a.attname = any (${[...columns]}::text[])
      and not s.seqcycle
    order by a.attname, dep.classid`);
  return rows.map((row) => ({
    column: row.attname ?? "",
    sequence: [row.nspname ?? "", row.relname ?? ""].map(displayIdentifier).join("."),
    increment: BigInt(row.seqincrement ?? 1),
    isOwned: row.is_owned === "t",
    isIndexed: row.is_indexed === "t",
    isOurs: row.is_ours === "t",
  }));
}

/** How many values a sequence must advance to be past all values of the column; 0 where it already is. */
export async function stepsBehind(
  db: Queryable,
  relation: Relation,
  { column, sequence, increment }: SequenceColumn,
): Promise<bigint> {
  const isUp = increment > 0n;
  const farthest = raw(`pg_catalog.${isUp ? "max" : "min"}(${quoteIdentifier(column)})`);
  const { rows } = await db.query(sql`
    select farthest.value, s.last_value, s.is_called
    from ${raw(sequence)} as s
    cross join (select ${farthest} as value from ${qualifiedName(relation)}) as farthest`);
  const value = rows[0]?.value;
  if (value == null || !/^-?\d+$/.test(value)) return 0n;
  const next = BigInt(rows[0]?.last_value ?? 0) + (rows[0]?.is_called === "t" ? increment : 0n);
  const missing = isUp ? BigInt(value) - next : next - BigInt(value);
  const step = isUp ? increment : -increment;
  return missing < 0n ? 0n : missing / step + 1n;
}

/** Draws that many values, so that the sequence advances by them even while other sessions draw from it. */
export async function draw(db: Queryable, { sequence }: SequenceColumn, values: bigint): Promise<void> {
  await db.query(sql`
    select pg_catalog.count(pg_catalog.nextval(${sequence}::pg_catalog.regclass))
    from pg_catalog.generate_series(1, ${String(values)}::bigint)`);
}

/** The statement, for an operator, that moves a sequence past its column's values; never backwards. */
export function setvalStatement(relation: Relation, found: SequenceColumn): string {
  const { column, sequence, increment, isOwned } = found;
  const name = [relation.schema, relation.name].map(displayIdentifier).join(".");
  const [reaching, farthest] = increment > 0n ? ["greatest", "max"] : ["least", "min"];
  const which = isOwned ? `pg_get_serial_sequence(${literal(name)}, ${literal(column)})` : literal(sequence);
  return `select setval(${which}, ${reaching}((select ${farthest}(${displayIdentifier(column)}) from ${name}), (select last_value from ${sequence})));`;
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
