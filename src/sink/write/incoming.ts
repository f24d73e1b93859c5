import type { Key } from "../../postgres/catalog/key.ts";
import type { Column } from "../../postgres/catalog/relation.ts";
import { bracketed, join, raw, type Sql, sql } from "../../postgres/sql/sql.ts";
import type { TextColumns } from "../../postgres/sql/text-columns.ts";
import type { OutgoingRows } from "./outgoing-rows.ts";
import { unnested } from "./unnested.ts";

/** Columns that incoming rows take from another relation of the statement, and how their rows meet its rows. */
export interface KeptColumns {
  readonly columns: readonly Column[];
  /** for each column the expression that it takes */
  readonly values: readonly string[];
  readonly from: Sql;
  /** may refer to `tidefill_new`: to `source`, and to the texts `key_n` of the source row's key */
  readonly where: Sql;
  /** how many columns the key has; 0 where `where` does not refer to it */
  readonly keyWidth: number;
}

/** Incoming rows as a relation: `source` is the place of the source row from which each was made. */
export function incomingRows(
  columns: readonly Column[],
  rows: OutgoingRows,
  kept: KeptColumns | null = null,
): Sql {
  const { arrays, names } = textsOf(columns, rows, kept);
  const all = [sql`pg_catalog.unnest(${rows.sources}::integer[])`, ...arrays];
  return sql`select tidefill_new.source, tidefill_new.n, ${raw(castTexts(columns, kept))}
      from rows from (${join(all)}) with ordinality as tidefill_new(${raw(["source", ...names, "n"].join(", "))})${joined(kept)}`;
}

/** The same rows without `source` and `n`. */
export function plainRows(
  columns: readonly Column[],
  rows: OutgoingRows,
  kept: KeptColumns | null = null,
): Sql {
  const { arrays, names } = textsOf(columns, rows, kept);
  return sql`select ${raw(castTexts(columns, kept))}
      from rows from (${join(arrays)}) as tidefill_new(${raw(names.join(", "))})${joined(kept)}`;
}

/** The texts of the rows' columns, and of the keys by which kept columns are found. */
function textsOf(
  columns: readonly Column[],
  rows: OutgoingRows,
  kept: KeptColumns | null,
): { readonly arrays: readonly Sql[]; readonly names: readonly string[] } {
  const list = (texts: () => TextColumns, names: readonly string[]) => ({
    arrays: names.length === 0 ? [] : [unnested(texts(), names.length)],
    names,
  });
  const values = list(
    () => rows.values,
    columns.map((_, index) => `text_${index + 1}`),
  );
  const key = list(
    () => rows.keysOfRows(),
    Array.from({ length: kept?.keyWidth ?? 0 }, (_, index) => `key_${index + 1}`),
  );
  return { arrays: [...values.arrays, ...key.arrays], names: [...values.names, ...key.names] };
}

function joined(kept: KeptColumns | null): Sql {
  return kept === null
    ? raw("")
    : sql`,
      ${kept.from}
      where ${kept.where}`;
}

// Cast to the type under any domain: a cast to a domain over varchar(3) would truncate a value that the
// insert refuses.
function castTexts(columns: readonly Column[], kept: KeptColumns | null): string {
  const computed = columns.map(({ baseType }, index) => `tidefill_new.text_${index + 1}::${baseType}`);
  const keptValues = (kept?.columns ?? []).map(
    ({ baseType }, index) => `${kept?.values[index]}::${baseType}`,
  );
  return [...computed, ...keptValues].map((value, index) => `${value} as value_${index + 1}`).join(", ");
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
