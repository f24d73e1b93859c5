import { RefusedError } from "../../errors.ts";
import { Key } from "../../postgres/catalog/key.ts";
import { readKey } from "../../postgres/catalog/key-index.ts";
import { findRelation } from "../../postgres/catalog/relation.ts";
import { requireIdentity, type TableIdentity } from "../../postgres/catalog/table-identity.ts";
import { quoteIdentifier, raw, sql } from "../../postgres/sql/sql.ts";
import type { Queryable, Transaction } from "../../postgres/transaction/database.ts";
import type { ImagePart } from "../../sink/images/image-part.ts";
import { ImageLayout, rowAddress } from "../../sink/images/images.ts";
import type { Run } from "../../store/runs/run.ts";
import type { Store } from "../../store/store.ts";

/** The undo log's own table: the checkpoints of an undo are row addresses in it. */
export async function undoTables(
  db: Queryable,
  store: Store,
  undone: Run,
): Promise<readonly TableIdentity[]> {
  return [await requireIdentity(db, { schema: store.schema.name, name: `undo_${undone.id}` })];
}

/** A part of an undo log, with the present layout of its tables. */
export interface PartLayout {
  readonly part: ImagePart;
  readonly layout: ImageLayout;
  readonly into: ImageLayout | null;
}

/** The parts of a log with their tables. An upsert has two parts: the updates come first. */
export async function layoutsOf(tx: Transaction, parts: readonly ImagePart[]): Promise<PartLayout[]> {
  const sorted = [...parts].sort((left, right) => right.kind.localeCompare(left.kind));
  const layouts: PartLayout[] = [];
  for (const part of sorted) {
    const layout = await layoutOf(tx, part, part.values);
    const { into } = part;
    const target = into === null ? null : await layoutOf(tx, into, []);
    layouts.push({ part, layout, into: target });
  }
  return layouts;
}

/** @throws RefusedError when the table no longer has what the log holds */
async function layoutOf(
  tx: Transaction,
  { schema, table: name, key }: Pick<ImagePart, "schema" | "table" | "key">,
  values: readonly string[],
): Promise<ImageLayout> {
  const relation = await findRelation(tx, { schema, name });
  if (relation === null) throw unfit(schema, name, "is gone");
  const columns = values.map((value) => {
    const column = relation.columns.find((each) => each.name === value);
    if (column === undefined) throw unfit(schema, name, `no longer has the column ${value}`);
    return column;
  });
  const lost = key?.find((each) => !relation.columns.some((column) => column.name === each));
  if (lost !== undefined) throw unfit(schema, name, `no longer has the column ${lost}`);
  const found = key === null ? new Key(rowAddress, quoteIdentifier(name)) : await readKey(tx, relation, key);
  return new ImageLayout(relation, found, columns);
}

/** Whether the undo of a run looks images up by key. */
export function needsLookup(undone: Run): boolean {
  return undone.undoParts.length > 1 || undone.sweep > 0;
}

/** Creates the index by which the images of a run are looked up by key. */
export async function indexLog(
  tx: Transaction,
  store: Store,
  { id }: Run,
  [part]: readonly ImagePart[],
): Promise<void> {
  const width = part?.key?.length ?? 2;
  const keys = Array.from({ length: width }, (_, index) => `key_${index + 1}`).join(", ");
  await tx.query(
    sql`create index if not exists ${raw(`undo_${id}_key`)} on ${store.undoLogs.table(id)} (${raw(keys)})`,
  );
}

function unfit(schema: string, name: string, why: string): RefusedError {
  return new RefusedError(
    "undo-fits-the-table",
    `The run cannot be undone: ${schema}.${name} ${why}. Nothing was changed.`,
    "Restore the table as it was when the run began. The undo log is kept.",
  );
}
