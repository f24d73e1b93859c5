import type { Key, KeyText } from "../../postgres/catalog/key.ts";
import { type Column, qualifiedName, type Relation } from "../../postgres/catalog/relation.ts";
import { triggerExistsBefore } from "../../postgres/catalog/trigger-guard.ts";
import { bracketed, join, raw, type Sql, sql } from "../../postgres/sql/sql.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import { ImageLayout, type ImageTarget, keepImages, type SinkImages } from "../images/images.ts";
import { readKeys } from "./read-keys.ts";
import { countWritten, nothingWritten, type Written } from "./written.ts";

/** One update of a batch: the assignments, and the rows that they apply to. */
export interface UpdateParts {
  readonly set: Sql;
  /** the other relation that the update reads, or null */
  readonly from: Sql | null;
  /** includes the batch's bounds */
  readonly where: Sql;
  /** only the batch's bounds */
  readonly within: Sql;
}

/** Builds the update of a batch with its count, its images, and the proof that `pending` has become false. */
export class UpdateStatement {
  readonly #layout: ImageLayout;
  readonly #relation: Relation;
  readonly #key: Key;
  readonly #pending: Sql | null;

  constructor(relation: Relation, key: Key, columns: readonly Column[], pending: Sql | null) {
    this.#relation = relation;
    this.#key = key;
    this.#pending = pending;
    this.#layout = new ImageLayout(relation, key, columns);
  }

  images(isEncrypted: boolean): SinkImages {
    return {
      columns: this.#layout.columns(["old", "new"], isEncrypted),
      parts: [this.#layout.describe("u")],
    };
  }

  /** Runs the update and counts. Where old values are read separately, unlocked rows are locked first. */
  async run(
    tx: Transaction,
    parts: UpdateParts,
    images: ImageTarget | null,
    isLocked: boolean,
  ): Promise<Written> {
    if (images !== null && !images.hasReturningOld && !isLocked) await tx.query(this.#lock(parts.where));
    const statement = this.build(parts, images);
    if (images !== null || this.#pending !== null) return countWritten(tx, statement);
    return { ...nothingWritten, written: (await tx.query(statement)).count };
  }

  /** The keys of rows that should have been written, but differ and were not written by this transaction. */
  async swallowed(tx: Transaction, { from, where }: UpdateParts): Promise<readonly KeyText[]> {
    const { alias } = this.#key;
    const tables = join([
      sql`${qualifiedName(this.#relation)} as ${raw(alias)}`,
      ...(from === null ? [] : [from]),
    ]);
    return readKeys(
      tx,
      sql`select pg_catalog.json_build_array(${this.#key.asTexts()}) as key
      from ${tables}
      where ${where}
        and ${raw(alias)}.xmin <> pg_catalog.pg_current_xact_id()::pg_catalog.xid
        and ${triggerExistsBefore(this.#relation, "update")}`,
    );
  }

  /** The statement; it returns one row of counts, unless only the written rows are counted. */
  build(parts: UpdateParts, images: ImageTarget | null): Sql {
    if (images === null && this.#pending === null) return this.#update(parts, images);
    const kept =
      images === null
        ? raw("")
        : sql`, kept as (
      ${keepImages(images, this.#layout, { kind: "u", ages: ["old", "new"], from: raw("written") })}
    )`;
    const stillPending = this.#pending === null ? "0" : "pg_catalog.count(*) filter (where still_pending)";
    return sql`with written as (
      ${this.#update(parts, images)}
    )${kept}
    select pg_catalog.count(*) as written, ${raw(stillPending)} as still_pending
    from written`;
  }

  #update({ set, from, where, within }: UpdateParts, images: ImageTarget | null): Sql {
    const before = images === null || images.hasReturningOld ? null : this.#before(within);
    const sources = [from, before?.from ?? null].filter((each) => each !== null);
    const others =
      sources.length === 0
        ? raw("")
        : sql`
      from ${join(sources)}`;
    const joined =
      before === null
        ? raw("")
        : sql`
        and ${before.where}`;
    return sql`update ${qualifiedName(this.#relation)} as ${raw(this.#key.alias)}
      set ${set}${others}
      where ${where}${joined}${this.#returning(images)}`;
  }

  #returning(images: ImageTarget | null): Sql {
    const pending = this.#pending === null ? [] : [sql`${bracketed(this.#pending)} is true as still_pending`];
    if (images === null && pending.length === 0) return raw("");
    if (images === null)
      return sql`
      returning ${join(pending)}`;
    const { alias } = this.#key;
    if (images.hasReturningOld) {
      const old = this.#layout.valuesOf("old", "tidefill_old");
      const fresh = this.#layout.valuesOf("new", "tidefill_new_row");
      const columns = join([this.#layout.keysOf("tidefill_new_row"), old, fresh, ...pending]);
      return sql`
      returning with (old as tidefill_old, new as tidefill_new_row) ${columns}`;
    }
    const old = raw(
      this.#layout
        .valueNames("old")
        .map((name) => `${this.#earlier}.tidefill_${name} as ${name}`)
        .join(", "),
    );
    return sql`
      returning ${join([this.#layout.keysOf(alias), old, this.#layout.valuesOf("new", alias), ...pending])}`;
  }

  /** A name that differs from the table's own. */
  get #earlier(): string {
    return this.#relation.name === "tidefill_before" ? "tidefill_earlier" : "tidefill_before";
  }

  // The same rows again, under names that no expression of the job can refer to; locked, so that they are the
  // latest.
  #before(within: Sql): { readonly from: Sql; readonly where: Sql } {
    const layout = this.#layout;
    const keys = this.#key.columns.map((_, index) => `tidefill_k${index + 1}`);
    const names = [...keys, ...layout.valueNames("old").map((name) => `tidefill_${name}`)].join(", ");
    const { alias } = this.#key;
    const key = layout.keysOf(alias);
    const from = sql`(
        select ${key}, ${layout.valuesOf("old", alias)}
        from ${qualifiedName(this.#relation)} as ${raw(alias)}
        where ${within}
        for no key update of ${raw(alias)}
      ) as ${raw(this.#earlier)}(${raw(names)})`;
    return { from, where: this.#key.equals(keys.map((name) => `${this.#earlier}.${name}`)) };
  }

  #lock(where: Sql): Sql {
    return sql`select pg_catalog.count(*) from (
        select from ${qualifiedName(this.#relation)} as ${raw(this.#key.alias)}
        where ${where}
        order by ${this.#key.list}
        for no key update of ${raw(this.#key.alias)}
      ) as locked`;
  }
}
