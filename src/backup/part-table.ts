import { join as joinPath } from "node:path";
import { carried, carriedType } from "../postgres/catalog/carried-text.ts";
import type { Column } from "../postgres/catalog/relation.ts";
import { quoteIdentifier, raw, type Sql, sql } from "../postgres/sql/sql.ts";
import type { Transaction } from "../postgres/transaction/database.ts";
import { unpackPart } from "./part-file.ts";

/** What the database says of the rows of a part. */
export interface PartSummary {
  readonly rows: number;
  readonly checksum: string;
}

/** Holds the rows of one part while a transaction lasts. */
export const partTable: Sql = raw("pg_temp.tidefill_part");

/** `alias."a", alias."b"` */
export function columnsOf(columns: readonly Pick<Column, "name">[], alias?: string): Sql {
  const prefix = alias === undefined ? "" : `${alias}.`;
  return raw(columns.map(({ name }) => `${prefix}${quoteIdentifier(name)}`).join(", "));
}

/** The columns in the form in which a part keeps them. */
export function carriedColumns(columns: readonly Column[], alias: string): Sql {
  const carriedOnes = columns.map((column) => {
    const name = quoteIdentifier(column.name);
    return `${carried(column, `${alias}.${name}`)} as ${name}`;
  });
  return raw(carriedOnes.join(", "));
}

/** The columns of the part, cast to the table's own types. */
export function uncarriedColumns(columns: readonly Column[], alias: string): Sql {
  return raw(columns.map((column) => uncarried(column, alias)).join(", "));
}

export function uncarried(column: Column, alias: string): string {
  const reference = `${alias}.${quoteIdentifier(column.name)}`;
  return carriedType(column) === column.baseType ? reference : `${reference}::${column.baseType}`;
}

/** A row's exact text: what is compared, since it is what a backup keeps. */
export function rowText(columns: readonly Column[], alias: string): Sql {
  const values = columns.map((column) => carried(column, `${alias}.${quoteIdentifier(column.name)}`));
  return sql`row(${raw(values.join(", "))})::text`;
}

/**
 * Fills the part's table from a file, and counts its rows. Its columns have the base types, without domains
 * and lengths, so that no rule of today cuts or refuses a value before it is compared.
 */
export async function loadPart(
  tx: Transaction,
  columns: readonly Column[],
  directory: string,
  file: string,
): Promise<PartSummary> {
  const typed = columns.map((column) => `${quoteIdentifier(column.name)} ${carriedType(column)}`).join(", ");
  await tx.query(sql`create temporary table tidefill_part (${raw(typed)}) on commit drop`);
  return underCommonSettings(tx, async () => {
    await tx.copyIn(
      sql`copy ${partTable} (${columnsOf(columns)}) from stdin with (format text, encoding 'UTF8')`,
      (into) => unpackPart(joinPath(directory, file), into),
    );
    return summarise(tx, columns);
  });
}

/**
 * Counts the rows of the part's table, and sums the hashes of their texts: the same in any order and, unlike
 * PostgreSQL's own hash functions, in every version and on every machine.
 */
export async function summarise(tx: Transaction, columns: readonly Column[]): Promise<PartSummary> {
  const hash = sql`pg_catalog.sha256(pg_catalog.convert_to(${rowText(columns, "part")}, 'UTF8'))`;
  const { rows } = await tx.query(sql`
    select pg_catalog.count(*) as rows,
      coalesce(pg_catalog.sum(
        ('x' || pg_catalog.encode(pg_catalog.substr(${hash}, 1, 8), 'hex'))::bit(64)::bigint), 0) as checksum
    from ${partTable} as part`);
  return { rows: Number(rows[0]?.rows), checksum: rows[0]?.checksum ?? "" };
}

/**
 * Does `work` with the same time zone and currency everywhere, since texts of timestamps and of money are
 * kept and hashed. The job's own SQL and the triggers use the database's settings.
 */
export async function underCommonSettings<T>(tx: Transaction, work: () => Promise<T>): Promise<T> {
  const { rows } = await tx.query(sql`
    select pg_catalog.current_setting('TimeZone') as zone,
      pg_catalog.current_setting('lc_monetary') as money`);
  await set(tx, "UTC", "C");
  const result = await work();
  await set(tx, rows[0]?.zone ?? "UTC", rows[0]?.money ?? "C");
  return result;
}

async function set(tx: Transaction, zone: string, money: string): Promise<void> {
  await tx.query(sql`
    select pg_catalog.set_config('TimeZone', ${zone}, true),
      pg_catalog.set_config('lc_monetary', ${money}, true)`);
}
