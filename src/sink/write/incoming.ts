import type { Key, KeyText } from "../../postgres/catalog/key.ts";
import type { Column } from "../../postgres/catalog/relation.ts";
import { bracketed, join, raw, type Sql, sql } from "../../postgres/sql/sql.ts";
import type { OutgoingRow } from "./outgoing-row.ts";
import { unnested } from "./unnested.ts";

/** Incoming rows as a relation: `source` is the place in `keys` of the row from which each was made. */
export function incomingRows(
  columns: readonly Column[],
  rows: readonly OutgoingRow[],
  keys: readonly KeyText[],
): Sql {
  const place = new Map(keys.map((key, index) => [key, index]));
  const sources = rows.map((row) => place.get(row.key) ?? -1);
  const texts = unnested(
    rows.map(({ values }) => values),
    columns.length,
  );
  const arrays = [sql`pg_catalog.unnest(${sources}::integer[])`, ...(columns.length === 0 ? [] : [texts])];
  const names = ["source", ...columns.map((_, index) => `text_${index + 1}`), "n"].join(", ");
  return sql`select source, n, ${raw(castTexts(columns))}
      from rows from (${join(arrays)}) with ordinality as tidefill_new(${raw(names)})`;
}

/** The same rows without `source` and `n`. */
export function plainRows(columns: readonly Column[], rows: readonly OutgoingRow[]): Sql {
  const texts = unnested(
    rows.map(({ values }) => values),
    columns.length,
  );
  const names = columns.map((_, index) => `text_${index + 1}`).join(", ");
  return sql`select ${raw(castTexts(columns))}
      from rows from (${texts}) as tidefill_new(${raw(names)})`;
}

// Cast to the type under any domain: a cast to a domain over varchar(3) would truncate a value that the
// insert refuses.
function castTexts(columns: readonly Column[]): string {
  return columns
    .map(({ baseType }, index) => `text_${index + 1}::${baseType} as value_${index + 1}`)
    .join(", ");
}

/** SQL expressions over rows of `from`, without `source` and `n`. */
export function plainExpressions(
  columns: readonly Column[],
  expressions: Readonly<Record<string, Sql>>,
  from: Sql,
): Sql {
  return sql`select ${valuesOf(columns, expressions)}
      from ${from}`;
}

function valuesOf(columns: readonly Column[], expressions: Readonly<Record<string, Sql>>): Sql {
  const values = columns.map(({ name, baseType }, index) => {
    const expression = expressions[name] ?? raw("null");
    return sql`${bracketed(expression)}::${raw(baseType)} as ${raw(`value_${index + 1}`)}`;
  });
  return join(values);
}

/** The same with `source`, the row's key as JSON, and `n`, its place. */
export function incomingExpressions(
  columns: readonly Column[],
  expressions: Readonly<Record<string, Sql>>,
  key: Key,
  from: Sql,
): Sql {
  const values = valuesOf(columns, expressions);
  const texts = key.asTexts();
  return sql`select pg_catalog.json_build_array(${texts})::pg_catalog.jsonb as source,
        pg_catalog.row_number() over (order by ${key.list}) as n, ${values}
      from ${from}`;
}
