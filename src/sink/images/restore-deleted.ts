import { NotCommittedError, SwallowedError } from "../../errors.ts";
import type { TriggerGuard } from "../../postgres/catalog/trigger-guard.ts";
import { quoteIdentifier, raw, type Sql, sql } from "../../postgres/sql/sql.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import type { ImageLayout } from "./images.ts";
import {
  countRestored,
  type ImageScope,
  imagesOf,
  openedValues,
  type Restored,
  type Restoring,
  toRestored,
} from "./restore.ts";

/** What can prevent rows from coming back: other rows, and triggers. */
export interface DeletedSurroundings {
  /** the condition that deleting a row of the move's target affects no other row; null where it cannot */
  readonly isUnused: Sql | null;
  /** whether a trigger sees a row before it is inserted into the source */
  readonly inserts: TriggerGuard;
  /** whether a trigger sees a row before its deletion from the move's target; null unless rows were moved */
  readonly deletes: TriggerGuard | null;
}

/**
 * Restores deleted rows whole, where no other row has taken their key. A moved row comes back only if
 * everything that it became is unchanged and is removed in the same statement; otherwise it stays in the
 * target.
 */
export class RestoreDeleted implements Restoring {
  readonly #layout: ImageLayout;
  readonly #into: ImageLayout | null;
  readonly #surroundings: DeletedSurroundings;

  constructor(layout: ImageLayout, into: ImageLayout | null, surroundings: DeletedSurroundings) {
    this.#layout = layout;
    this.#into = into;
    this.#surroundings = surroundings;
  }

  get guards(): readonly TriggerGuard[] {
    const { inserts, deletes } = this.#surroundings;
    return deletes === null ? [inserts] : [inserts, deletes];
  }

  get table(): string {
    return this.#layout.relation.name;
  }

  /** @throws SwallowedError where a trigger keeps a row in the target, or restores one under another key */
  async restore(tx: Transaction, scope: ImageScope): Promise<Restored> {
    const layout = this.#layout;
    const names = layout.values.map(({ name }) => quoteIdentifier(name)).join(", ");
    const old = layout.valueNames("old", "tidefill_ready").join(", ");
    const moved = this.#into === null ? [] : [raw("tidefill_image.target_keys"), raw("tidefill_image.xid")];
    const more = [...openedValues(layout, "old", scope), ...moved];
    const { isUnused, deletes } = this.#surroundings;
    if (this.#into !== null && (isUnused !== null || deletes?.isThere === true))
      await tx.query(this.#lock(this.#into, scope));
    const { rows } =
      await tx.query(sql`with ${imagesOf(layout, "d", scope, more)}${this.#ready()}, came_back as (
      insert into ${layout.table} as ${raw(layout.key.alias)} (${raw(names)})
      overriding system value
      select ${raw(old)}
      from tidefill_ready
      returning ${layout.keysOf(layout.key.alias)}, ${layout.valuesOf("old", layout.key.alias)}
    )${this.#removed()}, restored as (
      ${this.#whole()}
    )
    ${this.#count()}`);
    this.#requireBoth(rows[0] ?? {});
    return toRestored(rows[0]);
  }

  /** A row must be in exactly one table: each that came back was ready, and what it became is removed. */
  #requireBoth(row: Readonly<Record<string, string | null>>): void {
    const into = this.#into;
    if (into === null) return;
    if (row.came_back !== row.met) throw new SwallowedError(this.#layout.relation.name);
    if (row.removed === row.to_remove) return;
    if (this.#surroundings.deletes?.isThere === true) throw new SwallowedError(into.relation.name);
    // Another session changed a moved row between the check and the delete: rolled back, and checked again.
    throw new NotCommittedError("another session changed rows during its write");
  }

  /** What came back, and whether it equals what was deleted. */
  #whole(): Sql {
    const layout = this.#layout;
    const keys = raw(layout.keyNames("came_back").join(", "));
    if (!this.#surroundings.inserts.isThere)
      return sql`select ${keys}, true as is_whole
      from came_back`;
    const [now, old] = ["came_back", "tidefill_ready"].map((alias) => {
      const values = layout.values.map(({ baseType }, index) => `${alias}.old_${index + 1}::${baseType}`);
      return `row(${values.join(", ")})::record`;
    });
    return sql`select ${keys}, ${raw(`${now} operator(pg_catalog.*=) ${old}`)} as is_whole
      from came_back
      join tidefill_ready on ${this.#sameKey}`;
  }

  get #sameKey(): Sql {
    const names = this.#layout.keyNames();
    return raw(names.map((key) => `came_back.${key} = tidefill_ready.${key}`).join(" and "));
  }

  /** The images that may come back: their key is free, and what they became is unchanged. */
  #ready(): Sql {
    const layout = this.#layout;
    const { key } = layout;
    const untouched =
      this.#into === null
        ? raw("")
        : sql`
        and not exists (
          select from pg_catalog.jsonb_array_elements(tidefill_undo.target_keys) as became(key)
          where not exists (
            select from ${this.#into.table} as ${raw(this.#into.key.alias)}
            where ${this.#isUntouched(this.#into, "tidefill_undo")}))`;
    return sql`, tidefill_ready as materialized (
      select tidefill_undo.*
      from tidefill_undo
      where not tidefill_undo.is_superseded
        and not tidefill_undo.is_erased
        and not exists (
          select from ${layout.table} as ${raw(key.alias)}
          where ${key.equals(layout.keyNames("tidefill_undo"))})${untouched}
    )`;
  }

  /** The condition that a row of the target came from the image `alias` and was last written by the move. */
  #isUntouched(into: ImageLayout, alias: string): Sql {
    const { isUnused } = this.#surroundings;
    const unused =
      isUnused === null
        ? raw("")
        : sql`
            and ${isUnused}`;
    return sql`${into.key.equals(elementsOf(into))}
            and ${raw(`${into.key.alias}.xmin = ${alias}.xid::pg_catalog.xid`)}${unused}`;
  }

  /** Removes what rows of the source became, where they have come back. */
  #removed(): Sql {
    const into = this.#into;
    if (into === null) return raw("");
    return sql`, tidefill_met as (
      select tidefill_ready.target_keys, tidefill_ready.xid
      from came_back
      join tidefill_ready on ${this.#sameKey}
    ), removed as (
      delete from ${into.table} as ${raw(into.key.alias)}
      using (
        select became.key, tidefill_met.xid
        from tidefill_met, pg_catalog.jsonb_array_elements(tidefill_met.target_keys) as became(key)
      ) as became
      where ${into.key.equals(elementsOf(into))}
        and ${raw(into.key.alias)}.xmin = became.xid::pg_catalog.xid
      returning 1
    )`;
  }

  #count(): Sql {
    const layout = this.#layout;
    const same = layout.keyNames().map((key) => `tidefill_ready.${key} = tidefill_undo.${key}`);
    const isSwallowed = sql`exists (select from tidefill_ready where ${raw(same.join(" and "))})`;
    const counted = countRestored(layout, { hasOld: true, isSwallowed, canBeGone: false });
    if (this.#into === null) return counted;
    return sql`select counted.*, (select pg_catalog.count(*) from came_back) as came_back,
      (select pg_catalog.count(*) from tidefill_met) as met,
      (select pg_catalog.count(*) from removed) as removed,
      (select coalesce(pg_catalog.sum(pg_catalog.jsonb_array_length(target_keys)), 0) from tidefill_met) as to_remove
    from (
      ${counted}
    ) as counted`;
  }

  // So that meanwhile no other session changes what the rows became, or begins to refer to it.
  #lock(into: ImageLayout, { log, where }: ImageScope): Sql {
    return sql`select pg_catalog.count(*) from (
        select
        from ${log.table} as tidefill_image
        cross join pg_catalog.jsonb_array_elements(tidefill_image.target_keys) as became(key)
        join ${into.table} as ${raw(into.key.alias)} on ${into.key.equals(elementsOf(into))}
        where ${where}
          and tidefill_image.kind = 'd'
        for update of ${raw(into.key.alias)}
      ) as locked`;
  }
}

/** The key of a row of the target, from the image's list. */
function elementsOf(into: ImageLayout): string[] {
  return into.key.columns.map((_, index) => `(became.key ->> ${index})`);
}
