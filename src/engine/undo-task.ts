import { RefusedError } from "../errors.ts";
import { findRelation } from "../postgres/catalog.ts";
import type { Database, Queryable, Transaction } from "../postgres/database.ts";
import { Key } from "../postgres/key.ts";
import { readKey } from "../postgres/key-index.ts";
import { lookBriefly } from "../postgres/look-briefly.ts";
import { RowGuard } from "../postgres/row-triggers.ts";
import { quoteIdentifier, raw, type Sql, sql } from "../postgres/sql.ts";
import { partitionsDetachedSince, type TableIdentity } from "../postgres/table-identity.ts";
import { ImageLayout, type ImagePart, rowAddress, type UndoLog } from "../sink/images.ts";
import { referencedByNone } from "../sink/referencing-rows.ts";
import { RemoveInserted } from "../sink/remove-inserted.ts";
import type { Restoring } from "../sink/restore.ts";
import { RestoreDeleted } from "../sink/restore-deleted.ts";
import { RestoreUpdated } from "../sink/restore-updated.ts";
import { RestoreUpserted } from "../sink/restore-upserted.ts";
import { HeapWalk } from "../source/heap-walk.ts";
import { OneRange } from "../source/one-range.ts";
import type { Run } from "../store/run.ts";
import type { Store } from "../store/store.ts";
import { asTheApplication } from "./as-the-application.ts";
import { isOrdered } from "./order-log.ts";
import { requireIdentity } from "./run-tables.ts";
import type { RunTask } from "./run-task.ts";
import { requireOpening, sealOf, undoKeyOf } from "./seal.ts";
import type { WorkOptions } from "./session.ts";
import { supersededBySweep, UndoBatch } from "./undo-batch.ts";

/** The log of a run, with the seal that opens it. @throws RefusedError when the operator's key is not the one it was made with */
export async function openLog(
  db: Database,
  store: Store,
  undone: Run,
  options: WorkOptions,
): Promise<UndoLog> {
  const table = store.undoLogs.table(undone.id);
  if (undone.undoLog !== "encrypted") return { table, seal: null };
  const seal = await sealOf(db, undone.id, undoKeyOf(options));
  await requireOpening(db, { table, seal }, undone);
  return { table, seal };
}

/** What the checkpoints of an undo are about: addresses in the log. */
export async function undoTables(
  db: Queryable,
  store: Store,
  undone: Run,
): Promise<readonly TableIdentity[]> {
  return [await requireIdentity(db, { schema: store.schema.name, name: `undo_${undone.id}` })];
}

/** The work of an undo: out of the log of the run that it takes back, and nothing else. */
export async function undoTask(
  db: Database,
  store: Store,
  undo: Run,
  options: WorkOptions,
): Promise<RunTask> {
  const undone = await store.runs.require(db, String(undo.ofRun));
  const log = await openLog(db, store, undone, options);
  const parts = undone.undoParts as readonly ImagePart[];
  const open = async (tx: Transaction): Promise<RunTask> => {
    const layouts = await layoutsOf(tx, parts);
    const [first] = layouts;
    if (first === undefined) throw new Error(`Run ${undone.id} has an undo log of nothing.`);
    const walk = new HeapWalk(log.table, "tidefill_image");
    const restorings = await restoringsOf(tx, layouts);
    const tools = {
      log,
      walk,
      keyTexts: first.layout.keyTexts("tidefill_image"),
      restorings,
      superseded: supersededOf(undone, log.table, first.layout),
      erased: store.schema.table("erased"),
      refused: { table: store.schema.table("reject"), run: undo.id },
    };
    const written = layouts.flatMap(({ layout, into }) => [
      layout.relation,
      ...(into === null ? [] : [into.relation]),
    ]);
    return {
      walk: (await isOrdered(tx, store, undone.id)) ? new OneRange(walk) : walk,
      work: asTheApplication(new UndoBatch(tools), written),
      pace: {},
      throttles: [],
      sweeping: {
        hasPending: false,
        triesConstraints: true,
        retries: "sweep",
        lastly: (end) => sayDetached(end, undone),
      },
      ofRejects: null,
      relation: first.layout.relation,
      writes: written,
      guards: restorings.flatMap(({ guards }) => guards),
    };
  };
  return lookBriefly(db, (briefly) => briefly.transaction(open));
}

/** Rows that left their table together with a partition count as gone, and are there all the same. */
async function sayDetached(db: Database, { tables, undoParts }: Run): Promise<string | null> {
  const parts = (undoParts as readonly ImagePart[]).flatMap((part) => [part, part.into ?? part]);
  const written = tables.filter(({ schema, name }) =>
    parts.some((part) => part.schema === schema && part.table === name),
  );
  const names: string[] = [];
  for (const table of written) names.push(...(await partitionsDetachedSince(db, table)));
  if (names.length === 0) return null;
  return `Rows of ${names.join(", ")} are as the run left them: ${names.length === 1 ? "it was" : "they were"} detached since. Their images count as gone.`;
}

/** A part of an undo log with the tables that it is about, as they are now. */
export interface PartLayout {
  readonly part: ImagePart;
  readonly layout: ImageLayout;
  readonly into: ImageLayout | null;
}

/** The parts of a log with their tables; of an upsert's two, that of the updates comes first. */
export async function layoutsOf(tx: Transaction, parts: readonly ImagePart[]): Promise<PartLayout[]> {
  const sorted = [...parts].sort((left, right) => right.kind.localeCompare(left.kind));
  const layouts: PartLayout[] = [];
  for (const part of sorted) {
    const layout = await layoutOf(tx, part.schema, part.table, part.key, part.values);
    const { into } = part;
    const target = into === null ? null : await layoutOf(tx, into.schema, into.table, into.key, []);
    layouts.push({ part, layout, into: target });
  }
  return layouts;
}

/** @throws RefusedError when the table no longer has what the log holds */
async function layoutOf(
  tx: Transaction,
  schema: string,
  name: string,
  key: readonly string[] | null,
  values: readonly string[],
): Promise<ImageLayout> {
  const relation = await findRelation(tx, { schema, name });
  if (relation === null) throw unfit(schema, name, "is gone");
  const columns = values.map((value) => {
    const column = relation.columns.find((each) => each.name === value);
    if (column === undefined) throw unfit(schema, name, `has no column ${value} any more`);
    return column;
  });
  const lost = key?.find((each) => !relation.columns.some((column) => column.name === each));
  if (lost !== undefined) throw unfit(schema, name, `has no column ${lost} any more`);
  const found = key === null ? new Key(rowAddress, quoteIdentifier(name)) : await readKey(tx, relation, key);
  return new ImageLayout(relation, found, columns);
}

async function restoringsOf(tx: Transaction, layouts: readonly PartLayout[]): Promise<Restoring[]> {
  const restorings: Restoring[] = [];
  const [upserted, inserted] = layouts;
  if (upserted !== undefined && inserted !== undefined) {
    const { relation, key } = upserted.layout;
    const isUnused = await referencedByNone(tx, relation, key.alias);
    const guard = await RowGuard.open(tx, relation, ["update", "delete"]);
    return [new RestoreUpserted(upserted.layout, isUnused, guard)];
  }
  for (const { part, layout, into } of layouts) {
    const removed = part.kind === "i" ? layout : into;
    const isUnused =
      removed === null ? null : await referencedByNone(tx, removed.relation, removed.key.alias);
    const deletes = removed === null ? null : await RowGuard.open(tx, removed.relation, ["delete"]);
    if (part.kind === "u") {
      restorings.push(new RestoreUpdated(layout, await RowGuard.open(tx, layout.relation, ["update"])));
    } else if (part.kind === "i" && deletes !== null) {
      restorings.push(new RemoveInserted(layout, isUnused, deletes));
    } else {
      const inserts = await RowGuard.open(tx, layout.relation, ["insert"]);
      restorings.push(new RestoreDeleted(layout, into, { isUnused, inserts, deletes }));
    }
  }
  return restorings;
}

/** How to tell that a row has a later image: only a run that has swept can have written a row once more. */
function supersededOf(undone: Run, log: Sql, layout: ImageLayout): Sql | null {
  return undone.sweep > 0 ? supersededBySweep(log, layout.keyNames()) : null;
}

/** Whether the log of a run has to be looked up by key while it is taken back. */
export function needsLookup(undone: Run): boolean {
  return undone.undoParts.length > 1 || undone.sweep > 0;
}

/** Makes the log of a run quick to look up by key. */
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
    `The undo log cannot be put back: ${schema}.${name} ${why}. Nothing was changed.`,
    "Bring the table back to the form that it had when the run began; the log stays as it is.",
  );
}
