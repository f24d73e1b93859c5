import type { Transaction } from "../postgres/database.ts";
import { raw, type Sql, sql } from "../postgres/sql.ts";
import type { ImageLayout } from "./images.ts";
import {
  countRestored,
  type ImageScope,
  imagesOf,
  lockRows,
  type Restored,
  type Restoring,
  runRestoring,
} from "./restore.ts";

/**
 * Deletes rows that the run inserted and that nobody has touched: whose `xmin` is still the transaction that inserted them. An
 * update of any column gives a row another one; a lock, a vacuum or a freeze does not.
 */
export class RemoveInserted implements Restoring {
  readonly #layout: ImageLayout;
  readonly #isUnused: Sql | null;

  /** `isUnused` is the condition that no other row would go with a row; null where none can. */
  constructor(layout: ImageLayout, isUnused: Sql | null) {
    this.#layout = layout;
    this.#isUnused = isUnused;
  }

  async restore(tx: Transaction, scope: ImageScope): Promise<Restored> {
    const layout = this.#layout;
    const { key } = layout;
    const unused =
      this.#isUnused === null
        ? raw("")
        : sql`
        and ${this.#isUnused}`;
    if (this.#isUnused !== null) await tx.query(lockRows(layout, scope, "i"));
    return runRestoring(
      tx,
      sql`with ${imagesOf(layout, "i", scope, [raw("tidefill_image.xid")])}, restored as (
      delete from ${layout.table} as ${raw(key.alias)}
      using tidefill_undo
      where ${key.equals(layout.keyNames("tidefill_undo"))}
        and not tidefill_undo.is_superseded
        and not tidefill_undo.is_erased
        and ${raw(key.alias)}.xmin = tidefill_undo.xid::pg_catalog.xid${unused}
      returning ${raw(layout.keyNames("tidefill_undo").join(", "))}, true as is_whole
    )
    ${countRestored(layout, { hasOld: false, canBeGone: true })}`,
    );
  }
}
