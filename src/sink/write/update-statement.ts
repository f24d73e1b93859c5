import type { Key } from "../../postgres/catalog/key.ts";
import { type Column, qualifiedName, type Relation } from "../../postgres/catalog/relation.ts";
import { bracketed, join, raw, type Sql, sql } from "../../postgres/sql/sql.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import { ImageLayout, type ImageTarget, keepImages, type SinkImages } from "../images/images.ts";
import { countWritten, nothingWritten, type Written } from "./written.ts";

/** One update of a batch: the assignments, and the rows that they apply to. */
export interface UpdateParts {
  readonly set: Sql;
  /** the rows of a transform with the versions that were read; null where `where` alone chooses the rows */
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
  readonly #isByVersion: boolean;

  /** With `isByVersion` a row is met in the version that was found; otherwise by its key, under a lock. */
  constructor(
    relation: Relation,
    key: Key,
    columns: readonly Column[],
    pending: Sql | null,
    isByVersion: boolean,
  ) {
    this.#isByVersion = isByVersion;
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

  /**
   * Runs the update and counts. `incoming` is how many rows were found, if they are found by a statement
   * before the update: one that has changed in between is not written.
   */
  async run(tx: Transaction, parts: UpdateParts, images: ImageTarget | null): Promise<Written> {
    const statement = this.build(parts, images);
    if (images !== null || this.#pending !== null) return countWritten(tx, statement);
    return { ...nothingWritten, written: (await tx.query(statement)).count };
  }

  /** The statement; it returns one row of counts, unless only the written rows are counted. */
  build(parts: UpdateParts, images: ImageTarget | null): Sql {
    if (images === null && this.#pending === null) return this.#update(parts, images);
    const isFoundFirst = parts.from === null && images !== null && !images.hasReturningOld;
    const found = sql`tidefill_found as materialized (
      ${this.#before(parts.where)}
    )`;
    const written = sql`written as (
      ${this.#update(parts, images)}
    )`;
    const kept = (into: ImageTarget): Sql => sql`kept as (
      ${keepImages(into, this.#layout, { kind: "u", ages: ["old", "new"], from: raw("written") })}
    )`;
    const queries = [...(isFoundFirst ? [found] : []), written, ...(images === null ? [] : [kept(images)])];
    const stillPending = this.#pending === null ? "0" : "pg_catalog.count(*) filter (where still_pending)";
    const incoming = isFoundFirst
      ? ",\n      (select pg_catalog.count(*) from tidefill_found) as incoming"
      : "";
    return sql`with ${join(queries)}
    select pg_catalog.count(*) as written, ${raw(stillPending)} as still_pending${raw(incoming)}
    from written`;
  }

  #update({ set, from, where, within }: UpdateParts, images: ImageTarget | null): Sql {
    const table = sql`update ${qualifiedName(this.#relation)} as ${raw(this.#key.alias)}
      set ${set}`;
    if (images === null || images.hasReturningOld)
      return sql`${table}${
        from === null
          ? raw("")
          : sql`
      from ${from}`
      }
      where ${where}${this.#returning(images)}`;
    // The versions that are updated, once more for their old values: the rows that were found, or those of the
    // batch.
    const before =
      from === null
        ? raw("tidefill_found")
        : sql`${from}, (
        ${this.#before(within)}
      )`;
    return sql`${table}
      from ${before} as ${raw(`${this.#earlier}(${this.#namesBefore.join(", ")})`)}
      where ${from === null ? within : where}
        and ${this.#isBefore()}${this.#returning(images)}`;
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

  // Under names that no expression of the job can refer to.
  get #namesBefore(): readonly string[] {
    const keys = this.#key.columns.map((_, index) => `tidefill_k${index + 1}`);
    const values = this.#layout.valueNames("old").map((name) => `tidefill_${name}`);
    return [...keys, ...values, ...(this.#isByVersion ? ["tidefill_ctid", "tidefill_xmin"] : [])];
  }

  /** Rows as they are before the update, and which versions they are. */
  #before(where: Sql): Sql {
    const { alias } = this.#key;
    const layout = this.#layout;
    const version = this.#isByVersion ? [raw(`${alias}.ctid, ${alias}.xmin`)] : [];
    return sql`select ${join([layout.keysOf(alias), layout.valuesOf("old", alias), ...version])}
        from ${qualifiedName(this.#relation)} as ${raw(alias)}
        where ${where}`;
  }

  /** The condition that a row is the version that was there before. */
  #isBefore(): Sql {
    const earlier = this.#earlier;
    const keys = this.#key.columns.map((_, index) => `${earlier}.tidefill_k${index + 1}`);
    if (!this.#isByVersion) return this.#key.equals(keys);
    const version = isVersion(this.#key.alias, `${earlier}.tidefill_ctid`, `${earlier}.tidefill_xmin`);
    return sql`${this.#key.equals(keys)}
        and ${version}`;
  }

  /** Locks the rows that fulfil a condition, in the order of the key. */
  async lock(tx: Transaction, where: Sql): Promise<void> {
    await tx.query(sql`select pg_catalog.count(*) from (
        select from ${qualifiedName(this.#relation)} as ${raw(this.#key.alias)}
        where ${where}
        order by ${this.#key.list}
        for no key update of ${raw(this.#key.alias)}
      ) as locked`);
  }
}

/**
 * The condition that a row of the table under `alias` is the version at this address, by this transaction. An
 * update of the row by another session makes a version with another `xmin`, which does not fulfil it.
 */
export function isVersion(alias: string, ctid: string, xmin: string): Sql {
  const equal = "operator(pg_catalog.=)";
  return raw(`${alias}.ctid ${equal} ${ctid} and ${alias}.xmin ${equal} ${xmin}`);
}
