import type { Column } from "../../postgres/catalog/relation.ts";
import { quoteIdentifier, raw, type Sql } from "../../postgres/sql/sql.ts";

/** Bytes of one value, as PostgreSQL prints it: JavaScript holds no text above 2^29 characters, and dies of the attempt. */
export const mostBytes = 500_000_000;
/** A value that takes less than this on disk is no longer than that in full: no compression of PostgreSQL's shrinks by 500. */
const surelyFits = mostBytes / 500;

/** How a value is fetched, `carried` where it fits: null where it is too large to be read. */
export function fetchable(reference: string, column: Column, carried: string): string {
  return column.isToastable
    ? `case when not (${isTooLarge(reference, column)}) then ${carried} end`
    : carried;
}

/** The name of the first of these columns whose value is too large to be read, else null; null where none can be. */
export function tooLargeColumn(alias: string, columns: readonly Column[]): Sql | null {
  const large = columns.filter(({ isToastable }) => isToastable);
  if (large.length === 0) return null;
  const cases = large.map((column) => {
    const name = column.name.replaceAll("'", "''");
    return `when ${isTooLarge(referenceTo(alias, column), column)} then '${name}'`;
  });
  return raw(`case ${cases.join(" ")} end`);
}

// octet_length reads the length of a text or bytea that is stored out of line from its pointer; other types have to be printed.
function isTooLarge(reference: string, { baseName }: Column): string {
  const length = `coalesce(pg_catalog.octet_length(${reference}), 0)`;
  if (baseName === "text" || baseName === "varchar" || baseName === "bpchar")
    return `${length} > ${mostBytes}`;
  // A bytea comes as hexadecimal digits, two a byte.
  if (baseName === "bytea") return `${length} > ${mostBytes / 2}`;
  const printed = `pg_catalog.octet_length(pg_catalog.format('%s', ${reference}))`;
  return `coalesce(pg_catalog.pg_column_size(${reference}), 0) > ${surelyFits} and ${printed} > ${mostBytes}`;
}

function referenceTo(alias: string, { name }: Column): string {
  return `${alias}.${quoteIdentifier(name)}`;
}
