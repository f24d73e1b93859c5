import { asWritten, type KeyText } from "../postgres/catalog/key.ts";
import { raw, type Sql, sql } from "../postgres/sql/sql.ts";
import type { Transaction } from "../postgres/transaction/database.ts";
import type { ImagePart } from "../sink/images/image-part.ts";
import type { KeepingRun } from "../store/retention/keeping-runs.ts";
import type { RowToErase } from "./row-to-erase.ts";

type NamedTable = Pick<ImagePart, "schema" | "table" | "key">;

/** Whether a part's images, or the rows that theirs were moved to, are of the row's table. */
export function isAbout(part: ImagePart, sought: RowToErase): boolean {
  return isOf(part, sought) || (part.into !== null && isOf(part.into, sought));
}

/** Whether a part keeps images of the row's table under another key than the one that is sought. */
export function isOutOfReach(part: ImagePart, sought: RowToErase): boolean {
  if (part.values.length === 0) return false;
  const tables = [part, part.into].filter((each) => each !== null && isOf(each, sought));
  return tables.length > 0 && !tables.some((each) => each !== null && hasSameKey(each, sought));
}

/** Whether a run's rejects, conflicts or differences are rows of the row's table. */
export function keepsRejectsOf(run: KeepingRun, sought: RowToErase): boolean {
  if (run.kind !== "undo" && readsUntold(run)) return false;
  return run.parts.some((part) => isOf(part, sought));
}

/** Whether it is unknown which table a run has read: it kept no undo log, or logged only what it inserted. */
export function readsUntold({ kind, parts }: KeepingRun): boolean {
  if (parts.length === 0) return true;
  return kind !== "undo" && parts.some((part) => part.kind === "i");
}

/**
 * Removes the values from the row's own images, so that an undo counts and reports them; answers their keys.
 */
export async function eraseOwnImages(
  tx: Transaction,
  log: Sql,
  part: ImagePart,
  sought: RowToErase,
): Promise<KeyText[]> {
  if (!isOf(part, sought) || !hasSameKey(part, sought)) return [];
  return blank(tx, log, part, sql`from ${sought.values} where ${sought.isMeantBy("tidefill_image")}`);
}

/** The same with the images of rows that became this one when they were moved; answers their old keys. */
export async function eraseMovedImages(
  tx: Transaction,
  log: Sql,
  part: ImagePart,
  sought: RowToErase,
): Promise<KeyText[]> {
  const { into } = part;
  if (into === null || !isOf(into, sought) || !hasSameKey(into, sought)) return [];
  const keys = sought.columns.map((_, index) => `each.value ->> ${index} as key_${index + 1}`).join(", ");
  const typed = sought.key.columns
    .map(({ type }, index) => `texts.key_${index + 1}::${type} as key_${index + 1}`)
    .join(", ");
  const becameIt = sql`exists (
        select from (
          select ${raw(typed)}
          from (
            select ${raw(keys)}
            from pg_catalog.jsonb_array_elements(tidefill_image.target_keys) as each(value)
          ) as texts
        ) as became
        where ${sought.isMeantBy("became")})`;
  return blank(tx, log, part, sql`from ${sought.values} where ${becameIt}`);
}

/** Removes the values from the chosen images; `areMeant` is the rest of the statement, from its `from` on. */
async function blank(tx: Transaction, log: Sql, part: ImagePart, areMeant: Sql): Promise<KeyText[]> {
  const names = valueNames(part);
  if (names.length === 0) return [];
  const keys = (part.key ?? ["tableoid", "ctid"]).map((_, index) =>
    asWritten(`tidefill_image.key_${index + 1}`),
  );
  const { rows } = await tx.query(sql`
    update ${log} as tidefill_image
    set ${raw(names.map((name) => `${name} = null`).join(", "))}
    ${areMeant}
      and tidefill_image.kind = ${part.kind}
      and pg_catalog.num_nonnulls(${raw(names.map((name) => `tidefill_image.${name}`).join(", "))}) > 0
    returning pg_catalog.json_build_array(${raw(keys.join(", "))}) as key`);
  return rows.map(({ key }) => JSON.parse(key ?? "[]") as KeyText);
}

function valueNames({ kind, values }: ImagePart): string[] {
  const ages = kind === "u" ? ["old", "new"] : [kind === "d" ? "old" : "new"];
  return ages.flatMap((age) => values.map((_, index) => `${age}_${index + 1}`));
}

function isOf(named: NamedTable, { relation }: RowToErase): boolean {
  return named.schema === relation.schema && named.table === relation.name;
}

function hasSameKey({ key }: NamedTable, { columns }: RowToErase): boolean {
  return key !== null && key.length === columns.length && key.every((name, index) => name === columns[index]);
}
