import type { KeyText } from "../../postgres/catalog/key.ts";
import type { TriggerGuard } from "../../postgres/catalog/trigger-guard.ts";
import { join, quoteIdentifier, raw, type Sql, sql } from "../../postgres/sql/sql.ts";
import type { Row, Transaction } from "../../postgres/transaction/database.ts";
import type { ImageLayout, UndoLog } from "./images.ts";

/** What restoring the images of one batch did: restored + as it was + conflicts + gone + swallowed = images. */
export interface Restored {
  readonly images: number;
  readonly restored: number;
  readonly kept: readonly KeptBack[];
}

/** An image that was not restored, and why. */
export interface KeptBack {
  readonly key: KeyText;
  readonly reason:
    | "changed since"
    | "changed or gone"
    | "altered by a trigger"
    | "swallowed"
    | "gone"
    | "erased"
    | "as it was";
}

/** The images of a batch, and which of them must not be restored. */
export interface ImageScope {
  readonly log: UndoLog;
  /** where they lie in the log */
  readonly where: Sql;
  /** true for an image whose row the run has written once more later; null when it cannot have */
  readonly superseded: Sql | null;
  /** the tombstones: table_name and key */
  readonly erased: Sql;
}

/** Restores what one kind of images tells; each runs as one statement. */
export interface Restoring {
  /** the table that rows are put back into, or removed from */
  readonly table: string;
  /** the triggers whose absence it relies on */
  readonly guards: readonly TriggerGuard[];
  restore(tx: Transaction, scope: ImageScope): Promise<Restored>;
}

/** The relation `image` of a batch's images, with the log's keys as they are and its values opened. */
export function imagesOf(layout: ImageLayout, kind: string, scope: ImageScope, more: readonly Sql[]): Sql {
  const alias = "tidefill_image";
  const keys = layout.keyNames(alias);
  const erased = isErased(layout, scope);
  const superseded = sql`${scope.superseded ?? raw("false")} as is_superseded`;
  return sql`tidefill_undo as materialized (
      select ${join([raw(keys.join(", ")), erased, superseded, ...more])}
      from ${scope.log.table} as ${raw(alias)}
      where ${scope.where}
        and ${raw(alias)}.kind = ${kind}
    )`;
}

/** Whether an image is of a row that was erased, as `is_erased`. */
export function isErased(layout: ImageLayout, { erased }: ImageScope): Sql {
  const { schema, name } = layout.relation;
  return sql`exists (
          select from ${erased} as tidefill_erased
          where tidefill_erased.table_name = ${`${schema}.${name}`}
            and tidefill_erased.key = array[${layout.keyTexts("tidefill_image")}]
        ) as is_erased`;
}

/** The values of one age, opened, under the log's names. */
export function openedValues(layout: ImageLayout, age: "old" | "new", { log }: ImageScope): Sql[] {
  const names = layout.valueNames(age);
  return layout
    .opened(age, "tidefill_image", log.encryption)
    .map((value, index) => sql`${value} as ${raw(names[index] ?? "")}`);
}

/**
 * Counts the images, those of `restored` that are whole (`is_whole`), and tells why the others were kept back. A row that is as it was already, since an
 * undo before this one was given up, is nobody's conflict.
 */
export function countRestored(layout: ImageLayout, { hasOld, isSwallowed, canBeGone }: KeptImages): Sql {
  const keys = layout.keyNames("tidefill_undo");
  const same = keys.map((key, index) => `restored.key_${index + 1} = ${key}`).join(" and ");
  const isThere = sql`exists (
              select from ${layout.table} as ${raw(layout.key.alias)}
              where ${layout.key.equals(keys)})`;
  return sql`select (select pg_catalog.count(*) from tidefill_undo) as images,
      (select pg_catalog.count(*) from restored where is_whole) as restored,
      (select pg_catalog.json_agg(pg_catalog.json_build_object(
          'key', pg_catalog.json_build_array(${layout.keyTexts("tidefill_undo")}),
          'reason', case
            when is_erased then 'erased'
            when ${isAltered(layout)} then 'altered by a trigger'
            when ${isSwallowed ?? raw("false")} then 'swallowed'
            when ${hasOld ? asItWas(layout) : raw("false")} then 'as it was'
            when ${canBeGone ? isThere : raw("true")} then 'changed since'
            else ${gone(layout)} end))
        from tidefill_undo
        where not exists (select from restored where is_whole and ${raw(same)})
          or is_superseded) as kept`;
}

/** Why a row is not where it was, as a text of SQL. */
export function gone(layout: ImageLayout): Sql {
  return raw(layout.isByAddress ? "'changed or gone'" : "'gone'");
}

/** What the images of a kind hold, and what may have become of their rows. */
interface KeptImages {
  readonly hasOld: boolean;
  /** The condition that an image that was not restored could have been, so that a trigger swallowed it; null where none can */
  readonly isSwallowed: Sql | null;
  readonly canBeGone: boolean;
}

/** The condition that an image was put back, and that a trigger has made something else of it. */
export function isAltered(layout: ImageLayout): Sql {
  const keys = layout.keyNames("tidefill_undo").join(", ");
  return raw(`(${keys}) in (
              select ${layout.keyNames().join(", ")}
              from restored
              where not is_whole)`);
}

function asItWas(layout: ImageLayout): Sql {
  return sql`exists (
              select from ${layout.table} as ${raw(layout.key.alias)}
              where ${layout.key.equals(layout.keyNames("tidefill_undo"))}
                and ${holds(layout, "old")})`;
}

/** The condition that a row holds, byte for byte, its image's values of an age. */
export function holds(layout: ImageLayout, age: "old" | "new"): Sql {
  // To the type under a domain, as the log has it.
  const current = layout.values.map(
    ({ name, baseType }) => `${layout.key.alias}.${quoteIdentifier(name)}::${baseType}`,
  );
  const kept = layout.valueNames(age, "tidefill_undo");
  return raw(`row(${current.join(", ")})::record operator(pg_catalog.*=) row(${kept.join(", ")})::record`);
}

/**
 * Locks the rows that images are of, of one kind or of any. The statement that follows sees them as they stay until we commit:
 * a row that it could restore and did not restore was swallowed, and not changed by another session meanwhile. No other row
 * begins to refer to them either: a new reference waits for our lock, and is refused then.
 */
export function lockRows(layout: ImageLayout, { log, where }: ImageScope, kind: "i" | "u" | "any"): Sql {
  const { key, table } = layout;
  const ofKind =
    kind === "any"
      ? raw("")
      : sql`
          and tidefill_image.kind = ${kind}`;
  return sql`select pg_catalog.count(*) from (
        select
        from ${log.table} as tidefill_image
        join ${table} as ${raw(key.alias)} on ${key.equals(layout.keyNames("tidefill_image"))}
        where ${where}${ofKind}
        for ${raw(kind === "u" ? "no key update" : "update")} of ${raw(key.alias)}
      ) as locked`;
}

/** Runs a statement that ends with `countRestored`. */
export async function runRestoring(tx: Transaction, statement: Sql): Promise<Restored> {
  const { rows } = await tx.query(statement);
  return toRestored(rows[0]);
}

/** What a statement that ends with `countRestored` has answered. */
export function toRestored(row: Row | undefined): Restored {
  return {
    images: Number(row?.images ?? 0),
    restored: Number(row?.restored ?? 0),
    kept: JSON.parse(row?.kept ?? "[]") as readonly KeptBack[],
  };
}
