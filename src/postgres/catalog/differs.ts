import { join, raw, type Sql, sql } from "../sql/sql.ts";
import type { Column } from "./relation.ts";

/** Two values of a column that are compared. */
export interface Compared {
  readonly column: Pick<Column, "type">;
  readonly left: Sql;
  readonly right: Sql;
}

/**
 * Types whose equal values are the same byte for byte; numbers with a scale, floats and `jsonb` are not. A domain
 * is none of them: an application may have given it an equality of its own.
 */
const exact = new Set([
  "smallint",
  "integer",
  "bigint",
  "boolean",
  "oid",
  "uuid",
  "date",
  "timestamp without time zone",
  "timestamp with time zone",
  "bytea",
]);
/** Texts, which are the same byte for byte where they are equal under the collation "C". */
const texts = new Set(["text", "character varying"]);

/**
 * The condition that some value differs, byte for byte: `<>` would treat 1.0 as 1.00, and 'a' as 'A' under a
 * case-insensitive collation. PostgreSQL's `*<>` compares records as bytes, but to build two records for each
 * row takes several times as long as to compare two numbers: it is left to the types that need it.
 */
export function differs(values: readonly Compared[]): Sql {
  const needRecords = values.filter(({ column }) => !exact.has(column.type) && !texts.has(column.type));
  const conditions = values
    .filter((value) => !needRecords.includes(value))
    .map(({ column, left, right }) => {
      // An application may have made an operator for two `varchar`, which PostgreSQL has not.
      const plain = raw(texts.has(column.type) ? '::pg_catalog.text collate pg_catalog."C"' : "");
      return sql`${left}${plain} is distinct from ${right}${plain}`;
    });
  if (needRecords.length > 0) {
    const record = (side: "left" | "right"): Sql =>
      sql`row(${join(needRecords.map((value) => value[side]))})::record`;
    conditions.push(sql`${record("left")} operator(pg_catalog.*<>) ${record("right")}`);
  }
  const [only] = conditions;
  return conditions.length === 1 && only !== undefined ? only : sql`(${join(conditions, " or ")})`;
}
