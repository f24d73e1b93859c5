import { readComparingConstraints } from "../../postgres/catalog/comparing-constraints.ts";
import { join, quoteIdentifier, raw, type Sql, sql } from "../../postgres/sql/sql.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import type { ImagePart } from "../../sink/images/image-part.ts";
import type { ImageLayout, UndoLog } from "../../sink/images/images.ts";
import type { Store } from "../../store/store.ts";

/** Images of one table's rows. */
interface TableImages {
  readonly part: Pick<ImagePart, "kind" | "values">;
  readonly layout: ImageLayout;
}

const sampleRows = 1_000;

/**
 * Whether rows need old values back that other rows hold now, as after `position = position + 1` under a
 * unique constraint. Then only the reverse order, last row first, avoids values that are still held. Samples
 * the first images.
 */
export async function isShifted(
  tx: Transaction,
  log: UndoLog,
  layouts: readonly TableImages[],
): Promise<boolean> {
  for (const { part, layout } of layouts) {
    if (part.kind !== "u") continue;
    for (const constraint of await readComparingConstraints(tx, layout.relation, part.values)) {
      const { columns, predicate } = constraint;
      const wanted = columns.map(({ name, operator }) => ({
        name,
        operator,
        value: oldOf(layout, name, log),
      }));
      const { rows } = await tx.query(heldByOthers(log, layout, wanted, predicate));
      if (rows[0]?.found === "t") return true;
    }
  }
  return false;
}

interface Wanted {
  readonly name: string;
  readonly operator: string;
  readonly value: Sql;
}

function heldByOthers(
  log: UndoLog,
  layout: ImageLayout,
  wanted: readonly Wanted[],
  predicate: string | null,
): Sql {
  const { key } = layout;
  const other = key.withAlias("tidefill_other");
  const values = wanted.map(({ value }, index) => sql`${value} as value_${raw(String(index + 1))}`);
  const same = wanted.map(({ name, operator }, index) =>
    raw(`tidefill_other.${quoteIdentifier(name)} ${operator} tidefill_wanted.value_${index + 1}`),
  );
  return sql`
    select exists (
      select from (
        select ${raw(layout.keyNames("tidefill_image").join(", "))}, ${join(values)}
        from (
          select *
          from ${log.table}
          where kind = 'u'
          limit ${sampleRows}
        ) as tidefill_image
        join ${layout.table} as ${raw(key.alias)} on ${key.equals(layout.keyNames("tidefill_image"))}
      ) as tidefill_wanted
      where exists (
        select from ${layout.table} as tidefill_other
        where ${join(same, " and ")}
          and not (${other.equals(layout.keyNames("tidefill_wanted"))})
          and ${predicate === null ? raw("true") : raw(`(${predicate})`)})
    ) as found`;
}

/** The old value of a column; its present value where the run did not write it. */
function oldOf(layout: ImageLayout, name: string, { encryption }: UndoLog): Sql {
  const index = layout.values.findIndex((column) => column.name === name);
  const old = index < 0 ? undefined : layout.opened("old", "tidefill_image", encryption)[index];
  return old ?? raw(`${layout.key.alias}.${quoteIdentifier(name)}`);
}

/**
 * Rewrites a log so that its images are in the reverse order of their writing: the last sweep first, and
 * within a sweep the last key first, since batches and ranges go by the key.
 */
export async function orderLog(
  tx: Transaction,
  store: Store,
  run: bigint,
  { relation, key }: ImageLayout,
): Promise<void> {
  const { rows } = await tx.query(sql`
    select a.attname, n.nspname, co.collname
    from pg_catalog.pg_attribute a
    join pg_catalog.pg_collation co on co.oid = a.attcollation
    join pg_catalog.pg_namespace n on n.oid = co.collnamespace
    where a.attrelid = ${relation.oid}::oid`);
  const keys = key.columns.map(({ name }, index) => {
    const own = rows.find(({ attname }) => attname === name);
    const collation =
      own === undefined
        ? ""
        : ` collate ${[own.nspname ?? "", own.collname ?? ""].map(quoteIdentifier).join(".")}`;
    return `key_${index + 1}${collation} desc`;
  });
  const table = store.undoLogs.table(run);
  const index = raw(nameOfOrder(run));
  await tx.query(sql`create index ${index} on ${table} (${raw(["sweep desc", ...keys].join(", "))})`);
  await tx.query(sql`cluster ${table} using ${index}`);
}

/** Whether the images of a run are in reverse order, which the index of `orderLog` tells. */
export async function isOrdered(tx: Transaction, store: Store, run: bigint): Promise<boolean> {
  const name = [store.schema.name, nameOfOrder(run)].map(quoteIdentifier).join(".");
  const { rows } = await tx.query(sql`select pg_catalog.to_regclass(${name}) is not null as found`);
  return rows[0]?.found === "t";
}

function nameOfOrder(run: bigint): string {
  return `undo_${run}_order`;
}
