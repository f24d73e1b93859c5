import type { KeyText } from "../../postgres/catalog/key.ts";
import type { TriggerGuard } from "../../postgres/catalog/trigger-guard.ts";
import { join, quoteIdentifier, raw, type Sql, sql } from "../../postgres/sql/sql.ts";
import type { Row, Transaction } from "../../postgres/transaction/database.ts";
import type { ImageLayout, UndoLog } from "./images.ts";

/** The outcome for one batch's images: restored + as it was + conflicts + gone + swallowed = images. */
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
  /** the condition for them in the log */
  readonly where: Sql;
  /** true for an image whose row the run wrote again later; null when that cannot be */
  readonly superseded: Sql | null;
  /** the tombstones: table_name and key */
  readonly erased: Sql;
}

/** Restores one kind of images, each batch in one statement. */
export interface Restoring {
  /** the table that rows are put back into, or removed from */
  readonly table: string;
  /** the triggers that it relies on being absent */
  readonly guards: readonly TriggerGuard[];
  restore(tx: Transaction, scope: ImageScope): Promise<Restored>;
}

/** The relation `tidefill_undo` of a batch's images, with the log's keys as they are and `more` columns. */
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

/** Whether the image's row was erased, as `is_erased`. */
export function isErased(layout: ImageLayout, { erased }: ImageScope): Sql {
  const { schema, name } = layout.relation;
  return sql`exists (
          select from ${erased} as tidefill_erased
          where tidefill_erased.table_name = ${`${schema}.${name}`}
            and tidefill_erased.key = array[${layout.keyTexts("tidefill_image")}]
        ) as is_erased`;
}

/** The old or the new values, decrypted, under the log's names. */
export function openedValues(layout: ImageLayout, age: "old" | "new", { log }: ImageScope): Sql[] {
  const names = layout.valueNames(age);
  return layout
    .opened(age, "tidefill_image", log.encryption)
    .map((value, index) => sql`${value} as ${raw(names[index] ?? "")}`);
}

/**
 * Counts the images and those restored whole (`is_whole`), and says why the rest was kept back. A row that
 * already is as it was, because of an earlier undo that was given up, is not a conflict.
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

/** Why a row is not where it was, as an SQL text. */
export function gone(layout: ImageLayout): Sql {
  return raw(layout.isByAddress ? "'changed or gone'" : "'gone'");
}

/** What images of a kind hold, and what may have happened to their rows. */
interface KeptImages {
  readonly hasOld: boolean;
  /** The condition that a trigger swallowed the restoring of an image; null where no trigger can */
  readonly isSwallowed: Sql | null;
  readonly canBeGone: boolean;
}

/** The condition that an image was restored but a trigger changed the result. */
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

/**
 * The condition that a row holds, byte for byte, the old or the new values of its image. Records of which a type
 * has been altered since the run cannot be compared: that is an error, where single values might only differ.
 */
export function holds(layout: ImageLayout, age: "old" | "new"): Sql {
  // Cast to the type under any domain, as in the log.
  const current = layout.values.map(
    ({ name, baseType }) => `${layout.key.alias}.${quoteIdentifier(name)}::${baseType}`,
  );
  const kept = layout.valueNames(age, "tidefill_undo");
  return raw(`row(${current.join(", ")})::record operator(pg_catalog.*=) row(${kept.join(", ")})::record`);
}

/**
 * Locks the rows of images of one kind or of any. The next statement sees them as they stay until we commit:
 * if it does not restore a row that it could restore, a trigger swallowed that, not another session. New
 * references to the rows wait for our lock, and are refused then.
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

/** The outcome that a statement ending with `countRestored` returned. */
export function toRestored(row: Row | undefined): Restored {
  return {
    images: Number(row?.images ?? 0),
    restored: Number(row?.restored ?? 0),
    kept: JSON.parse(row?.kept ?? "[]") as readonly KeptBack[],
  };
}
