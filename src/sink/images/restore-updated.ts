import type { TriggerGuard } from "../../postgres/catalog/trigger-guard.ts";
import { quoteIdentifier, raw, sql } from "../../postgres/sql/sql.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import type { ImageLayout } from "./images.ts";
import {
  countRestored,
  holds,
  type ImageScope,
  imagesOf,
  lockRows,
  openedValues,
  type Restored,
  type Restoring,
  runRestoring,
} from "./restore.ts";

/** Restores old values where a row still holds, byte for byte, what the run wrote. */
export class RestoreUpdated implements Restoring {
  readonly #layout: ImageLayout;
  readonly guards: readonly TriggerGuard[];
  readonly #guard: TriggerGuard;

  /** `guard` tells whether a trigger sees a row before it is updated. */
  constructor(layout: ImageLayout, guard: TriggerGuard) {
    this.#layout = layout;
    this.#guard = guard;
    this.guards = [guard];
  }

  get table(): string {
    return this.#layout.relation.name;
  }

  async restore(tx: Transaction, scope: ImageScope): Promise<Restored> {
    const layout = this.#layout;
    const { key, values } = layout;
    const names = values.map(({ name }) => quoteIdentifier(name));
    const old = layout.valueNames("old", "tidefill_undo");
    const set = names.map((name, index) => `${name} = ${old[index]}`).join(", ");
    const { alias } = key;
    // Sees the table as it was before the update, so it finds rows that could have been restored and were
    // not.
    const isSwallowed = sql`not is_superseded and exists (
              select from ${layout.table} as ${raw(alias)}
              where ${key.equals(layout.keyNames("tidefill_undo"))}
                and ${holds(layout, "new")})`;
    if (this.#guard.isThere) await tx.query(lockRows(layout, scope, "u"));
    const more = [...openedValues(layout, "old", scope), ...openedValues(layout, "new", scope)];
    return runRestoring(
      tx,
      sql`with ${imagesOf(layout, "u", scope, more)}, restored as (
      update ${layout.table} as ${raw(key.alias)}
      set ${raw(set)}
      from tidefill_undo
      where ${key.equals(layout.keyNames("tidefill_undo"))}
        and not tidefill_undo.is_superseded
        and not tidefill_undo.is_erased
        and ${holds(layout, "new")}
      returning ${raw(layout.keyNames("tidefill_undo").join(", "))}, ${holds(layout, "old")} as is_whole
    )
    ${countRestored(layout, { hasOld: true, isSwallowed: this.#guard.isThere ? isSwallowed : null, canBeGone: true })}`,
    );
  }
}
