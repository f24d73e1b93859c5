import type { OpenedJob } from "../../plan/open/opened-job.ts";
import { quoteIdentifier, raw, sql } from "../../postgres/sql/sql.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import type { ImagePart } from "../../sink/images/image-part.ts";
import { layoutsOf, type PartLayout } from "../undo-log/part-layout.ts";

/** One row before and after; null where it did not exist, and `"(hidden)"` for every value of a person. */
export interface Sample {
  readonly table: string;
  readonly key: readonly string[];
  readonly before: Readonly<Record<string, string | null>> | null;
  readonly after: Readonly<Record<string, string | null>> | null;
}

/** The undo log of a dry run, which ends with the transaction. */
export const dryLogName = "pg_temp.tidefill_dry_run";

const samplesAtMost = 5;
const hidden = "(hidden)";

/** Creates the undo log of a dry run, in the batch's transaction. */
export async function createDryLog(tx: Transaction, { write }: OpenedJob): Promise<void> {
  const columns = write.sink
    .images(false)
    .columns.map(({ name, type }) => `${quoteIdentifier(name)} ${type}`);
  await tx.query(
    raw(
      `create temporary table tidefill_dry_run (kind "char", sweep smallint, ${columns.join(", ")}) on commit drop`,
    ),
  );
}

/** Reads the first rows before and after from the images. */
export async function readSamples(tx: Transaction, opened: OpenedJob): Promise<Sample[]> {
  const parts: readonly ImagePart[] = opened.write.sink.images(false).parts;
  const samples: Sample[] = [];
  for (const layout of await layoutsOf(tx, parts)) samples.push(...(await samplesOf(tx, opened, layout)));
  return samples.slice(0, samplesAtMost);
}

async function samplesOf(
  tx: Transaction,
  opened: OpenedJob,
  { part, layout }: PartLayout,
): Promise<Sample[]> {
  const shown = part.kind === "i" ? (opened.writes[0]?.columns ?? []) : part.values;
  const value = (name: string): string => `pg_catalog.left(${name}::text, 200)`;
  const object = (names: readonly string[], references: readonly string[]): string =>
    `pg_catalog.json_build_object(${names.flatMap((name, index) => [`'${name.replaceAll("'", "''")}'`, value(references[index] ?? "")]).join(", ")})`;
  const inserted = shown.map((name) => `${layout.key.alias}.${quoteIdentifier(name)}`);
  const before = part.kind === "i" ? "null" : object(shown, layout.valueNames("old", "image"));
  const after =
    part.kind === "u"
      ? object(shown, layout.valueNames("new", "image"))
      : part.kind === "i"
        ? object(shown, inserted)
        : "null";
  const target =
    part.kind === "i"
      ? sql`
      join ${layout.table} as ${raw(layout.key.alias)} on ${layout.key.equals(layout.keyNames("image"))}`
      : raw("");
  const { rows } = await tx.query(sql`
    select pg_catalog.json_build_array(${layout.keyTexts("image")}) as key, ${raw(before)} as before, ${raw(after)} as after
    from ${raw(dryLogName)} as image${target}
    where image.kind = ${part.kind}
    limit ${samplesAtMost}`);
  return rows.map((row) => ({
    table: `${part.schema}.${part.table}`,
    key: JSON.parse(row.key ?? "[]") as string[],
    before: shownOf(row.before, opened.isPersonal),
    after: shownOf(row.after, opened.isPersonal),
  }));
}

function shownOf(text: string | null | undefined, isPersonal: boolean): Sample["before"] {
  if (text == null) return null;
  const values = JSON.parse(text) as Record<string, string | null>;
  if (!isPersonal) return values;
  return Object.fromEntries(Object.keys(values).map((name) => [name, hidden]));
}
