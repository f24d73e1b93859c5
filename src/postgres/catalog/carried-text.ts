import { raw, type Sql, sql } from "../sql/sql.ts";
import type { Column } from "./relation.ts";

type Typed = Pick<Column, "baseName" | "baseType">;

/**
 * SQL that reads a value so that its text makes the same value again. PostgreSQL prints an xml without its
 * declaration; a cast to text keeps the declaration.
 */
export function carried({ baseName }: Pick<Column, "baseName">, reference: string): string {
  if (baseName === "xml") return `${reference}::text`;
  return baseName === "_xml" ? `${reference}::text[]` : reference;
}

/** The type of the value that `carried` reads. */
export function carriedType({ baseName, baseType }: Typed): string {
  if (baseName === "xml") return "text";
  return baseName === "_xml" ? "text[]" : baseType;
}

/** SQL for a text that makes the same value again, also under other settings; null stays null. */
export function exactText(column: Typed, value: Sql): Sql {
  // By the type's own output: a cast to text would strip the trailing blanks of a char(n).
  const text =
    column.baseName === "money"
      ? sql`${unitsOf(value)}::text`
      : sql`pg_catalog.format('%s', ${raw(carried(column, value.toString()))})`;
  return sql`case when ${value} is distinct from null then ${text} end`;
}

/** The value from which `exactText` made the text. */
export function fromExactText({ baseName, baseType }: Typed, text: Sql): Sql {
  return baseName === "money"
    ? sql`(${text}::bigint operator(pg_catalog.*) ${raw(oneUnit)})`
    : sql`${text}::${raw(baseType)}`;
}

// A money counts cents, or whole yen: lc_monetary decides how many of them make 1, and it may change.
function unitsOf(value: Sql): Sql {
  return sql`('x' || pg_catalog.encode(pg_catalog.cash_send(${value}), 'hex'))::bit(64)::bigint`;
}

const one = raw("'1'::pg_catalog.money");
const oneUnit = sql`(${one} operator(pg_catalog./) ${unitsOf(one)})`.toString();
