import type { Column } from "../../postgres/catalog/relation.ts";
import { quoteIdentifier, raw, type Sql } from "../../postgres/sql/sql.ts";

/** Most bytes of a value as PostgreSQL prints it: a string above 2^29 characters ends the process. */
export const mostBytes = 500_000_000;
/** A smaller value on disk cannot exceed that in full: PostgreSQL never compresses by a factor of 500. */
const surelyFits = mostBytes / 500;

/** The expression that fetches a value: `carried` where it fits, null where it is too large to be read. */
export function fetchable(reference: string, column: Column, carried: string): string {
  return column.isToastable
    ? `case when not (${isTooLarge(reference, column)}) then ${carried} end`
    : carried;
}

/** The name of the first column with a value too large to read, as SQL; null where none can be. */
export function tooLargeColumn(alias: string, columns: readonly Column[]): Sql | null {
  const large = columns.filter(({ isToastable }) => isToastable);
  if (large.length === 0) return null;
  const cases = large.map((column) => {
    const name = column.name.replaceAll("'", "''");
    return `when ${isTooLarge(referenceTo(alias, column), column)} then '${name}'`;
  });
  return raw(`case ${cases.join(" ")} end`);
}

// octet_length takes the length of a text or bytea stored out of line from its pointer; other types must be
// printed.
function isTooLarge(reference: string, { baseName }: Column): string {
  const length = `coalesce(pg_catalog.octet_length(${reference}), 0)`;
  if (baseName === "text" || baseName === "varchar" || baseName === "bpchar")
    return `${length} > ${mostBytes}`;
  // A bytea travels as hexadecimal digits, two for each byte.
  if (baseName === "bytea") return `${length} > ${mostBytes / 2}`;
  const printed = `pg_catalog.octet_length(pg_catalog.format('%s', ${reference}))`;
  return `coalesce(pg_catalog.pg_column_size(${reference}), 0) > ${surelyFits} and ${printed} > ${mostBytes}`;
}

function referenceTo(alias: string, { name }: Column): string {
  return `${alias}.${quoteIdentifier(name)}`;
}
