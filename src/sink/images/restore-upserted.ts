import type { TriggerGuard } from "../../postgres/catalog/trigger-guard.ts";
import { join, quoteIdentifier, raw, type Sql, sql } from "../../postgres/sql/sql.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import type { ImageLayout } from "./images.ts";
import {
  gone,
  holds,
  type ImageScope,
  isAltered,
  isErased,
  lockRows,
  type Restored,
  type Restoring,
  runRestoring,
} from "./restore.ts";

/**
 * Undoes an upsert. Several source rows may have updated one row, so a row has a chain of images: each one's
 * old values are what the previous one wrote. The last image restores what the first one found, or deletes
 * the row that the first one inserted; if another session changed the row since, or in between, nothing
 * happens.
 */
export class RestoreUpserted implements Restoring {
  readonly #layout: ImageLayout;
  readonly #isUnused: Sql | null;
  readonly guards: readonly TriggerGuard[];
  readonly #guard: TriggerGuard;

  /**
   * `isUnused` is the condition that deleting a row affects no other row; null where it cannot. `guard` tells
   * whether a trigger sees a row before it is updated or deleted.
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
    const { key, table, values } = this.#layout;
    const alias = raw(key.alias);
    const set = values.map(({ name }, index) => `${quoteIdentifier(name)} = tidefill_undo.old_${index + 1}`);
    if (this.#isUnused !== null || this.#guard.isThere) await tx.query(lockRows(this.#layout, scope, "any"));
    return runRestoring(
      tx,
      sql`with tidefill_undo as materialized (
      ${this.#images(scope)}
    ), put_back as (
      update ${table} as ${alias}
      set ${raw(set.join(", "))}
      from tidefill_undo
      where ${this.#putsBack}
      returning ${this.#keys}, ${holds(this.#layout, "old")} as is_whole
    ), removed as (
      delete from ${table} as ${alias}
      using tidefill_undo
      where ${this.#removes}
      returning ${this.#keys}, true as is_whole
    ), restored as (
      select * from put_back
      union all
      select * from removed
    )
    ${this.#count()}`,
    );
  }

  /** The batch's images, each with what the first image of its row found and what the last one wrote. */
  #images(scope: ImageScope): Sql {
    const { encryption, table: log } = scope.log;
    const layout = this.#layout;
    const old = layout
      .opened("old", "first", encryption)
      .map((value, index) => sql`${value} as old_${raw(String(index + 1))}`);
    const fresh = layout
      .opened("new", "last", encryption)
      .map((value, index) => sql`${value} as new_${raw(String(index + 1))}`);
    const keys = raw(layout.keyNames("tidefill_image").join(", "));
    return sql`select ${join([keys, raw("last.xid"), ...old, ...fresh])},
        first.kind as first_kind, ${isErased(layout, scope)},
        last.number > tidefill_image.number as is_superseded,
        ${this.#isBroken(scope)} as is_broken
      from ${log} as tidefill_image
      cross join lateral (
        select each.*
        from ${log} as each
        where ${this.#sameRow("each")}
        order by each.number
        limit 1
      ) as first
      cross join lateral (
        select each.*
        from ${log} as each
        where ${this.#sameRow("each")}
        order by each.number desc
        limit 1
      ) as last
      where ${scope.where}`;
  }

  // Another session changed the row between two of our writes.
  #isBroken({ log: { table, encryption } }: ImageScope): Sql {
    const record = (parts: readonly Sql[]): Sql => sql`row(${join(parts)})::record`;
    const old = record(this.#layout.opened("old", "each", encryption));
    const before = record(this.#layout.opened("new", "before", encryption));
    return sql`exists (
          select from ${table} as each
          cross join lateral (
            select other.*
            from ${table} as other
            where ${this.#sameRow("other")}
              and other.number < each.number
            order by other.number desc
            limit 1
          ) as before
          where ${this.#sameRow("each")}
            and ${old} operator(pg_catalog.*<>) ${before})`;
  }

  #sameRow(alias: string): Sql {
    const names = this.#layout.keyNames();
    return raw(names.map((name) => `${alias}.${name} = tidefill_image.${name}`).join(" and "));
  }

  #mayReturn(firstKind: "u" | "i"): Sql {
    return sql`${this.#layout.key.equals(this.#layout.keyNames("tidefill_undo"))}
        and tidefill_undo.first_kind = ${firstKind}
        and not tidefill_undo.is_superseded
        and not tidefill_undo.is_erased
        and not tidefill_undo.is_broken`;
  }

  /** The condition that a row gets back what its first image found. */
  get #putsBack(): Sql {
    return sql`${this.#mayReturn("u")}
        and ${holds(this.#layout, "new")}`;
  }

  /** The condition that a row inserted by the run is removed. */
  get #removes(): Sql {
    const unused = this.#isUnused === null ? raw("") : sql` and ${this.#isUnused}`;
    return sql`${this.#mayReturn("i")}
        and ${raw(this.#layout.key.alias)}.xmin = tidefill_undo.xid::pg_catalog.xid${unused}`;
  }

  /** The condition that a row could have been restored or removed, but a trigger swallowed that. */
  get #isSwallowed(): Sql {
    if (!this.#guard.isThere) return raw("false");
    return sql`exists (
              select from ${this.#layout.table} as ${raw(this.#layout.key.alias)}
              where (${this.#putsBack}) or (${this.#removes}))`;
  }

  get #keys(): Sql {
    return raw(this.#layout.keyNames("tidefill_undo").join(", "));
  }

  #count(): Sql {
    const { key, table } = this.#layout;
    const names = this.#layout.keyNames();
    const same = names.map((name) => `restored.${name} = tidefill_undo.${name}`).join(" and ");
    const row = sql`from ${table} as ${raw(key.alias)}
              where ${key.equals(this.#layout.keyNames("tidefill_undo"))}`;
    // Only the last image of a row is restored, possibly in another batch; earlier images share its outcome.
    const follows = sql`is_superseded and not is_erased and not is_broken and not ${isAltered(this.#layout)} and (
            exists (select ${row} and ${holds(this.#layout, "new")})
            or first_kind = 'u' and exists (select ${row} and ${holds(this.#layout, "old")})
            or first_kind = 'i' and not exists (select ${row}))`;
    return sql`select (select pg_catalog.count(*) from tidefill_undo) as images,
      (select pg_catalog.count(*) from restored where is_whole)
        + (select pg_catalog.count(*) from tidefill_undo where ${follows}) as restored,
      (select pg_catalog.json_agg(pg_catalog.json_build_object(
          'key', pg_catalog.json_build_array(${this.#layout.keyTexts("tidefill_undo")}),
          'reason', case
            when is_erased then 'erased'
            when ${isAltered(this.#layout)} then 'altered by a trigger'
            when ${this.#isSwallowed} then 'swallowed'
            when first_kind = 'u' and not is_superseded and exists (
              select ${row} and ${holds(this.#layout, "old")}) then 'as it was'
            when exists (
              select ${row}) then 'changed since'
            else ${gone(this.#layout)} end))
        from tidefill_undo
        where not (${follows})
          and (is_superseded
            or not exists (select from restored where is_whole and ${raw(same)}))) as kept`;
  }
}
