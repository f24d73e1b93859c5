import { swallowedBy } from "../../errors.ts";
import { type KeyText, sameTexts } from "../../postgres/catalog/key.ts";
import { swallowedState } from "../../postgres/failure/failure.ts";
import { raw, type Sql, sql } from "../../postgres/sql/sql.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import type { UndoLog } from "../../sink/images/images.ts";
import type { Restoring } from "../../sink/images/restore.ts";
import type { HeapWalk } from "../../source/table/heap-walk.ts";
import { countRejects, type RejectCounts } from "../../store/rejects/rejects.ts";
import { type Batch, type BatchOutcome, type BatchWork, nothingDone } from "../batch/batch-work.ts";
import type { KnownRejects } from "../batch/known-rejects.ts";

/** What an undo works with. */
export interface UndoTools {
  readonly log: UndoLog;
  readonly walk: HeapWalk;
  /** the key of an image's row, its columns as texts */
  readonly keyTexts: Sql;
  /** one for each kind of image in the log */
  readonly restorings: readonly Restoring[];
  readonly superseded: Sql | null;
  readonly erased: Sql;
  /** the undo's own rejects */
  readonly refused: KnownRejects;
}

/** The batch of an undo: restores the images of a range of the log, except of rows changed since. */
export class UndoBatch implements BatchWork {
  readonly #tools: UndoTools;

  constructor(tools: UndoTools) {
    this.#tools = tools;
  }

  /** The key of the row whose image is at this address of the log. */
  async keyAt(tx: Transaction, place: KeyText): Promise<KeyText> {
    const { walk, keyTexts } = this.#tools;
    const { rows } = await tx.query(sql`select pg_catalog.json_build_array(${keyTexts}) as key
      from ${walk.from}
      where tidefill_image.ctid = ${place[0] ?? null}::tid`);
    return JSON.parse(rows[0]?.key ?? "null") ?? place;
  }

  async do(tx: Transaction, { bounds, sweep, clock }: Batch): Promise<BatchOutcome> {
    const { log, walk, restorings, superseded, erased } = this.#tools;
    // Look each row up by its key: any other join could scan the whole table for each batch.
    await tx.query(raw("set local enable_hashjoin = off; set local enable_mergejoin = off"));
    const within = walk.within(bounds);
    const where = sweep === 0 ? within : sql`${within} and ${this.#wasRefused()}`;
    const scope = { log, where, superseded, erased };
    let outcome = nothingDone;
    for (const restoring of restorings) {
      const { images, restored, kept } = await clock.during("write", () => restoring.restore(tx, scope));
      const asItWas = kept.filter(({ reason }) => reason === "as it was");
      const swallowed = kept.filter(({ reason }) => reason === "swallowed");
      const told = kept.filter(({ reason }) => reason !== "as it was" && reason !== "swallowed");
      const gone = told.filter(({ reason }) => reason === "gone" || reason === "erased").length;
      outcome = {
        ...outcome,
        read: outcome.read + images,
        written: outcome.written + restored,
        unchanged: outcome.unchanged + asItWas.length,
        conflicted: outcome.conflicted + told.length - gone,
        skipped: outcome.skipped + gone,
        rejects: [
          ...outcome.rejects,
          ...swallowed.map(({ key }) => ({
            key,
            sqlstate: swallowedState,
            reason: swallowedBy(restoring.table),
          })),
        ],
        notes: [...outcome.notes, ...told.map(({ key, reason }) => ({ key, sqlstate: null, reason }))],
      };
    }
    return sweep === 0 ? outcome : { ...outcome, freed: await this.#takeOff(tx, within) };
  }

  #wasRefused(): Sql {
    const { refused, keyTexts } = this.#tools;
    return sql`exists (
          select from ${refused.table} as refused
          where refused.run_id = ${refused.run}::bigint
            and ${sameTexts(raw("refused.key"), sql`array[${keyTexts}]`)}
            and refused.sqlstate is not null)`;
  }

  /** Deletes the rejects that were tried again; a row that failed again gets a new one. */
  async #takeOff(tx: Transaction, within: Sql): Promise<RejectCounts> {
    const { walk, refused, keyTexts } = this.#tools;
    return countRejects(
      tx,
      sql`delete from ${refused.table} as tried
      using ${walk.from}
      where ${within}
        and tried.run_id = ${refused.run}::bigint
        and ${sameTexts(raw("tried.key"), sql`array[${keyTexts}]`)}
        and tried.sqlstate is not null
      returning tried.sqlstate`,
    );
  }
}

/**
 * Matches an image whose row has a later image: a later sweep has written the row again, since it was pending
 * again.
 */
export function supersededBySweep(log: Sql, keys: readonly string[]): Sql {
  const same = keys.map((key) => `other.${key} = tidefill_image.${key}`).join(" and ");
  return sql`exists (
          select from ${log} as other
          where ${raw(same)}
            and other.sweep > tidefill_image.sweep)`;
}
