import type { TriggerGuard } from "../../postgres/catalog/trigger-guard.ts";
import { raw, type Sql, sql } from "../../postgres/sql/sql.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
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
 * Deletes rows that the run inserted and no session has updated since: those whose `xmin` is still the
 * inserting transaction. An update of any column changes it; a lock, a vacuum or a freeze does not.
 */
export class RemoveInserted implements Restoring {
  readonly #layout: ImageLayout;
  readonly #isUnused: Sql | null;
  readonly guards: readonly TriggerGuard[];
  readonly #guard: TriggerGuard;

  /**
   * `isUnused` is the condition that deleting a row affects no other row; null where it cannot. `guard` tells
   * whether a trigger sees a row before it is deleted.
   */
  constructor(layout: ImageLayout, isUnused: Sql | null, guard: TriggerGuard) {
    this.#layout = layout;
    this.#isUnused = isUnused;
    this.#guard = guard;
    this.guards = [guard];
  }

  get table(): string {
    return this.#layout.relation.name;
  }

  async restore(tx: Transaction, scope: ImageScope): Promise<Restored> {
    const layout = this.#layout;
    const { key } = layout;
    const unused =
      this.#isUnused === null
        ? raw("")
        : sql`
        and ${this.#isUnused}`;
    if (this.#isUnused !== null || this.#guard.isThere) await tx.query(lockRows(layout, scope, "i"));
    const mayGo = sql`not tidefill_undo.is_superseded
        and not tidefill_undo.is_erased
        and ${raw(key.alias)}.xmin = tidefill_undo.xid::pg_catalog.xid${unused}`;
    const found = key.equals(layout.keyNames("tidefill_undo"));
    const isSwallowed = sql`exists (
              select from ${layout.table} as ${raw(key.alias)}
              where ${found}
                and ${mayGo})`;
    return runRestoring(
      tx,
      sql`with ${imagesOf(layout, "i", scope, [raw("tidefill_image.xid")])}, restored as (
      delete from ${layout.table} as ${raw(key.alias)}
      using tidefill_undo
      where ${found}
        and ${mayGo}
      returning ${raw(layout.keyNames("tidefill_undo").join(", "))}, true as is_whole
    )
    ${countRestored(layout, { hasOld: false, isSwallowed: this.#guard.isThere ? isSwallowed : null, canBeGone: true })}`,
    );
  }
}
