import { sql } from "../../postgres/sql/sql.ts";
import type { Queryable, Row } from "../../postgres/transaction/database.ts";
import { type Interval, nothing } from "./interval.ts";

/** A column's size in a row, by the catalogue and PostgreSQL's statistics. */
export interface ColumnFacts {
  readonly name: string;
  /** bytes of every value; null where lengths vary */
  readonly fixedBytes: number | null;
  /** average bytes of a value that is not null; null without statistics */
  readonly averageBytes: number | null;
  /** bytes that a value takes in a row today, with 0 for a null */
  readonly present: Interval;
  /** a value begins at a multiple of this many bytes */
  readonly alignment: number;
  /** may be stored out of line */
  readonly isToastable: boolean;
}

/** Assumed bytes of a text of unknown length. */
const unknownBytes = 200;

/** What the catalogue and statistics say about each column; for a partitioned table, an average. */
export async function readColumnFacts(db: Queryable, oid: string): Promise<ColumnFacts[]> {
  const { rows } = await db.query(sql`
    select a.attname, a.attlen, a.attalign, a.attstorage,
      known.avg_width, known.null_frac
    from pg_catalog.pg_attribute a
    left join (
      select s.attname,
        pg_catalog.avg(s.avg_width) as avg_width,
        pg_catalog.avg(s.null_frac) as null_frac
      from pg_catalog.pg_class c
      join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      join pg_catalog.pg_stats s on s.schemaname = n.nspname and s.tablename = c.relname
      where c.oid = ${oid}::oid
        or c.oid in (select relid from pg_catalog.pg_partition_tree(${oid}::oid) where isleaf)
      group by s.attname
    ) known on known.attname = a.attname
    where a.attrelid = ${oid}::oid
      and a.attnum > 0
      and not a.attisdropped
    order by a.attnum`);
  return rows.map(toColumnFacts);
}

const alignments: Readonly<Record<string, number>> = { c: 1, s: 2, i: 4, d: 8 };

function toColumnFacts(row: Row): ColumnFacts {
  const length = Number(row.attlen);
  const width = Number(row.avg_width ?? 0);
  const fixedBytes = length > 0 ? length : null;
  const averageBytes = width > 0 ? width : null;
  return {
    name: row.attname ?? "",
    fixedBytes,
    averageBytes,
    present: presentBytes(fixedBytes ?? averageBytes, row.null_frac == null ? null : Number(row.null_frac)),
    alignment: alignments[row.attalign ?? ""] ?? 8,
    isToastable: row.attstorage !== "p",
  };
}

function presentBytes(bytes: number | null, nullShare: number | null): Interval {
  if (nullShare === null) return { low: 0, high: bytes ?? unknownBytes };
  if (nullShare === 1) return nothing;
  return { low: (bytes ?? 1) * (1 - nullShare), high: (bytes ?? unknownBytes) * (1 - nullShare) };
}

/** Bytes that a new value will take: half to twice the existing average. */
export function freshBytes({ fixedBytes, averageBytes }: ColumnFacts): Interval {
  if (fixedBytes !== null) return { low: fixedBytes, high: fixedBytes };
  if (averageBytes !== null) return { low: averageBytes / 2, high: averageBytes * 2 };
  return { low: 1, high: unknownBytes };
}

/** Bytes of a whole row in its page: its header, its values in order, and the padding between them. */
export function rowBytes(
  values: readonly { readonly bytes: Interval; readonly alignment: number }[],
): Interval {
  return { low: laidOut(values, "low"), high: laidOut(values, "high") };
}

// A short text (below 127 bytes) needs no alignment.
function laidOut(
  values: readonly { readonly bytes: Interval; readonly alignment: number }[],
  end: "low" | "high",
): number {
  const header = aligned(23 + values.length / 8, 8);
  const length = values.reduce((place, { bytes, alignment }) => {
    const length = bytes[end];
    if (length === 0) return place;
    return (length >= alignment && Number.isInteger(length) ? aligned(place, alignment) : place) + length;
  }, header);
  return aligned(length, 8);
}

function aligned(place: number, alignment: number): number {
  return Math.ceil(place / alignment) * alignment;
}
