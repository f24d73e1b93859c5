import { NotCommittedError } from "../errors.ts";
import type { Transaction } from "../postgres/database.ts";
import { quoteIdentifier, raw, type Sql, sql } from "../postgres/sql.ts";
import type { ImageLayout } from "./images.ts";
import {
  countRestored,
  type ImageScope,
  imagesOf,
  openedValues,
  type Restored,
  type Restoring,
  runRestoring,
} from "./restore.ts";

/**
 * Brings deleted rows back whole, where nothing else has taken their key. A row that was moved comes back only together with
 * the removal of all that it became, and only if nobody has touched that.
 */
export class RestoreDeleted implements Restoring {
  readonly #layout: ImageLayout;
  readonly #into: ImageLayout | null;
  readonly #isUnused: Sql | null;
  readonly #mayBeAltered: boolean;

  /**
   * `isUnused` is the condition that no other row would go with a row of `into`; null where none can. `mayBeAltered` tells that a
   * trigger sees a row before it is inserted.
   */
  constructor(layout: ImageLayout, into: ImageLayout | null, isUnused: Sql | null, mayBeAltered: boolean) {
    this.#layout = layout;
    this.#into = into;
    this.#isUnused = isUnused;
    this.#mayBeAltered = mayBeAltered;
  }

  async restore(tx: Transaction, scope: ImageScope): Promise<Restored> {
    const layout = this.#layout;
    const names = layout.values.map(({ name }) => quoteIdentifier(name)).join(", ");
    const old = layout.valueNames("old", "tidefill_ready").join(", ");
    const moved = this.#into === null ? [] : [raw("tidefill_image.target_keys"), raw("tidefill_image.xid")];
    const more = [...openedValues(layout, "old", scope), ...moved];
    if (this.#into !== null && this.#isUnused !== null) await tx.query(this.#lock(this.#into, scope));
    const done = await runRestoring(
      tx,
      sql`with ${imagesOf(layout, "d", scope, more)}${this.#ready()}, came_back as (
      insert into ${layout.table} as ${raw(layout.key.alias)} (${raw(names)})
      overriding system value
      select ${raw(old)}
      from tidefill_ready
      returning ${layout.keysOf(layout.key.alias)}, ${layout.valuesOf("old", layout.key.alias)}
    ), restored as (
      ${this.#whole()}
    )
    ${this.#count()}`,
    );
    // Somebody touched a moved row between the look and the delete: rolled back, to be looked at anew.
    if (done.removed !== done.toRemove) throw new NotCommittedError("a change in between");
    return done;
  }

  /** What came back, and whether it is what was deleted. */
  #whole(): Sql {
    const layout = this.#layout;
    const keys = raw(layout.keyNames("came_back").join(", "));
    if (!this.#mayBeAltered)
      return sql`select ${keys}, true as is_whole
      from came_back`;
    const [now, old] = ["came_back", "tidefill_ready"].map((alias) => {
      const values = layout.values.map(({ baseType }, index) => `${alias}.old_${index + 1}::${baseType}`);
      return `row(${values.join(", ")})::record`;
    });
    const same = layout.keyNames().map((key) => `came_back.${key} = tidefill_ready.${key}`);
    return sql`select ${keys}, ${raw(`${now} operator(pg_catalog.*=) ${old}`)} as is_whole
      from came_back
      join tidefill_ready on ${raw(same.join(" and "))}`;
  }

  /** The images that may come back: their key is free, and what they became is untouched. */
  #ready(): Sql {
    const layout = this.#layout;
    const { key } = layout;
    const keyIsTaken = sql`exists (
          select from ${layout.table} as ${raw(key.alias)}
          where ${key.equals(layout.keyNames("tidefill_undo"))})`;
    const free = sql`not tidefill_undo.is_superseded
        and not tidefill_undo.is_erased
        and not ${keyIsTaken}`;
    if (this.#into === null) {
      return sql`, tidefill_ready as materialized (
      select tidefill_undo.*
      from tidefill_undo
      where ${free}
    )`;
    }
    const into = this.#into;
    const target = raw(into.key.alias);
    const elements = into.key.columns.map((_, index) => `(became.key ->> ${index})`);
    const unused =
      this.#isUnused === null
        ? raw("")
        : sql`
            and ${this.#isUnused}`;
    const untouched = sql`${into.key.equals(elements)}
            and ${target}.xmin = tidefill_undo.xid::pg_catalog.xid${unused}`;
    return sql`, tidefill_ready as materialized (
      select tidefill_undo.*
      from tidefill_undo
      where ${free}
        and not exists (
          select from pg_catalog.jsonb_array_elements(tidefill_undo.target_keys) as became(key)
          where not exists (
            select from ${into.table} as ${target}
            where ${untouched}))
    ), removed as (
      delete from ${into.table} as ${target}
      using (
        select became.key, tidefill_ready.xid
        from tidefill_ready, pg_catalog.jsonb_array_elements(tidefill_ready.target_keys) as became(key)
      ) as became
      where ${into.key.equals(elements)}
        and ${target}.xmin = became.xid::pg_catalog.xid
      returning 1
    )`;
  }

  #count(): Sql {
    if (this.#into === null)
      return countRestored(this.#layout, { hasOld: this.#into === null, canBeGone: false });
    return sql`select counted.*, (select pg_catalog.count(*) from removed) as removed,
      (select coalesce(pg_catalog.sum(pg_catalog.jsonb_array_length(target_keys)), 0) from tidefill_ready) as to_remove
    from (
      ${countRestored(this.#layout, { hasOld: this.#into === null, canBeGone: false })}
    ) as counted`;
  }

  // While we look, nobody may begin to refer to what the rows became.
  #lock(into: ImageLayout, { log, where }: ImageScope): Sql {
    const elements = into.key.columns.map((_, index) => `(became.key ->> ${index})`);
    return sql`select pg_catalog.count(*) from (
        select
        from ${log.table} as tidefill_image
        cross join pg_catalog.jsonb_array_elements(tidefill_image.target_keys) as became(key)
        join ${into.table} as ${raw(into.key.alias)} on ${into.key.equals(elements)}
        where ${where}
          and tidefill_image.kind = 'd'
        for update of ${raw(into.key.alias)}
      ) as locked`;
  }
}
