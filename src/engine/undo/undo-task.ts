import { partitionsDetachedSince } from "../../postgres/catalog/table-identity.ts";
import { TriggerGuard } from "../../postgres/catalog/trigger-guard.ts";
import type { Sql } from "../../postgres/sql/sql.ts";
import type { Database, Transaction } from "../../postgres/transaction/database.ts";
import { lookBriefly } from "../../postgres/transaction/look-briefly.ts";
import type { ImageLayout } from "../../sink/images/images.ts";
import { referencedByNone } from "../../sink/images/referenced-by-none.ts";
import { RemoveInserted } from "../../sink/images/remove-inserted.ts";
import type { Restoring } from "../../sink/images/restore.ts";
import { RestoreDeleted } from "../../sink/images/restore-deleted.ts";
import { RestoreUpdated } from "../../sink/images/restore-updated.ts";
import { RestoreUpserted } from "../../sink/images/restore-upserted.ts";
import { oneRange } from "../../source/one-range.ts";
import { HeapWalk } from "../../source/table/heap-walk.ts";
import type { Run } from "../../store/runs/run.ts";
import type { Session } from "../../store/session.ts";
import type { RunTask } from "../batch/run-task.ts";
import { withRowSecurity } from "../job-work/with-row-security.ts";
import type { UndoKeyOption } from "../options/work-options.ts";
import { openLog } from "../undo-log/open-log.ts";
import { layoutsOf, type PartLayout } from "../undo-log/part-layout.ts";
import { isOrdered } from "./order-log.ts";
import { supersededBySweep, UndoBatch } from "./undo-batch.ts";

/** The work of an undo, made only from the log of the run that it undoes. */
export async function undoTask(session: Session, undo: Run, options: UndoKeyOption): Promise<RunTask> {
  const { db, store } = session;
  const undone = await store.runs.before(db, undo);
  const log = await openLog(session, undone, options);
  const parts = undone.undoParts;
  const open = async (tx: Transaction): Promise<RunTask> => {
    const layouts = await layoutsOf(tx, parts);
    const [first] = layouts;
    if (first === undefined) throw new Error(`The undo log of run ${undone.id} has no parts.`);
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
      walk: (await isOrdered(tx, store, undone.id)) ? oneRange(walk) : walk,
      work: withRowSecurity(new UndoBatch(tools), written),
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

/** Reports detached partitions: their rows count as gone, although they still exist. */
async function sayDetached(db: Database, { tables, undoParts }: Run): Promise<string | null> {
  const parts = undoParts.flatMap((part) => [part, part.into ?? part]);
  const written = tables.filter(({ schema, name }) =>
    parts.some((part) => part.schema === schema && part.table === name),
  );
  const names: string[] = [];
  for (const table of written) names.push(...(await partitionsDetachedSince(db, table)));
  if (names.length === 0) return null;
  return `Rows of ${names.join(", ")} are as the run left them: ${names.length === 1 ? "it was" : "they were"} detached since. Their images count as gone.`;
}

async function restoringsOf(tx: Transaction, layouts: readonly PartLayout[]): Promise<Restoring[]> {
  const restorings: Restoring[] = [];
  const [upserted, inserted] = layouts;
  if (upserted !== undefined && inserted !== undefined) {
    const { relation, key } = upserted.layout;
    const isUnused = await referencedByNone(tx, relation, key.alias);
    const guard = await TriggerGuard.open(tx, relation, ["update", "delete"]);
    return [new RestoreUpserted(upserted.layout, isUnused, guard)];
  }
  for (const { part, layout, into } of layouts) {
    const removed = part.kind === "i" ? layout : into;
    const isUnused =
      removed === null ? null : await referencedByNone(tx, removed.relation, removed.key.alias);
    const deletes = removed === null ? null : await TriggerGuard.open(tx, removed.relation, ["delete"]);
    if (part.kind === "u") {
      restorings.push(new RestoreUpdated(layout, await TriggerGuard.open(tx, layout.relation, ["update"])));
    } else if (part.kind === "i" && deletes !== null) {
      restorings.push(new RemoveInserted(layout, isUnused, deletes));
    } else {
      const inserts = await TriggerGuard.open(tx, layout.relation, ["insert"]);
      restorings.push(new RestoreDeleted(layout, into, { isUnused, inserts, deletes }));
    }
  }
  return restorings;
}

/** How to tell that a row has a later image; null for a run without a sweep, which wrote each row once. */
function supersededOf(undone: Run, log: Sql, layout: ImageLayout): Sql | null {
  return undone.sweep > 0 ? supersededBySweep(log, layout.keyNames()) : null;
}
