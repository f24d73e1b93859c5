import { type Column, qualifiedName, type Relation } from "../../postgres/catalog/relation.ts";
import type { TriggerGuard } from "../../postgres/catalog/trigger-guard.ts";
import { join, quoteIdentifier, raw, type Sql, sql } from "../../postgres/sql/sql.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import type { Arbiter } from "../conflict/arbiter.ts";
import { ConflictingRows } from "../conflict/conflicting-rows.ts";
import { InsertedLookup } from "../conflict/inserted-lookup.ts";
import type { OnConflict } from "../definitions/on-conflict.ts";
import { ImageLayout, type ImageTarget, keepImages, type SinkImages } from "../images/images.ts";
import type { InsertParts } from "./insert-parts.ts";

const target = "tidefill_target";

/**
 * The insert of a batch, built around a relation `incoming` with the columns `source` (the source row), `n`
 * (its place) and `value_1`, `value_2` …; it returns one row of counts.
 */
export class InsertStatement {
  readonly #layout: ImageLayout;
  readonly #relation: Relation;
  readonly #columns: readonly Column[];
  readonly #conflict: OnConflict | null;
  readonly #arbiter: Arbiter | null;
  readonly #hasReturningOld: boolean;
  readonly #overriding: string;
  readonly guard: TriggerGuard;

  constructor(parts: InsertParts) {
    const { relation, key, columns, conflict, hasReturningOld, overridesIdentity } = parts;
    this.#relation = relation;
    this.guard = parts.guard;
    this.#hasReturningOld = hasReturningOld;
    this.#overriding = overridesIdentity ? "\n      overriding system value" : "";
    this.#columns = columns;
    this.#conflict = conflict?.rule ?? null;
    this.#arbiter = conflict?.arbiter ?? null;
    const updated = this.#conflict?.do === "update" ? this.#conflict.columns : [];
    this.#layout = new ImageLayout(
      relation,
      key.withAlias(target),
      columns.filter(({ name }) => updated.includes(name)),
    );
  }

  images(isEncrypted: boolean): SinkImages {
    const xid = { name: "xid", type: "pg_catalog.xid8" };
    if (this.#conflict?.do !== "update") {
      return {
        columns: [...this.#layout.columns([], isEncrypted), xid],
        parts: [this.#layout.describe("i")],
      };
    }
    // A run may write one row several times: the number tells which image is the last.
    const number = { name: "number", type: "bigint generated always as identity" };
    return {
      columns: [...this.#layout.columns(["old", "new"], isEncrypted), xid, number],
      parts: [this.#layout.describe("i"), this.#layout.describe("u")],
    };
  }

  /** Before an upsert: locks the rows that it will update, where their old values must be read separately. */
  async prepare(tx: Transaction, incoming: Sql): Promise<void> {
    if (this.#conflict?.do !== "update" || this.#hasReturningOld) return;
    await tx.query(sql`with incoming as materialized (
      ${this.#extended(incoming)}
    )
    select pg_catalog.count(*) from (
      select from ${qualifiedName(this.#relation)} as ${raw(target)}
      where ${this.#meeting.meetsAny(target)}
      for no key update
    ) as locked`);
  }

  /** Whether `source` and `n` are not needed, since no single row has to be reported. */
  get isPlain(): boolean {
    return this.#conflict === null && !this.guard.isThere;
  }

  get conflict(): OnConflict | null {
    return this.#conflict;
  }

  /** The sources that are rejected, where a source became several rows; null where the rule rejects none. */
  async refusedTogether(tx: Transaction, incoming: Sql): Promise<readonly number[] | null> {
    return this.#conflict?.do === "reject"
      ? this.#meeting.refusedTogether(tx, this.#extended(incoming), target)
      : null;
  }

  /** `aside` are the sources known to be rejected; with null the statement finds them. */
  build(incoming: Sql, images: ImageTarget | null, aside: readonly number[] | null = null): Sql {
    if (this.isPlain) return this.#plain(incoming, images);
    const refused =
      this.#conflict?.do === "reject"
        ? sql`, refused as (
      ${aside === null ? this.#meeting.refused(target) : sql`select source from pg_catalog.unnest(${aside}::integer[]) as aside(source)`}
    )`
        : raw("");
    return sql`with incoming as materialized (
      ${this.#extended(incoming)}
    )${refused}${this.#before(images)}, placed as (
      ${this.#insert(images)}
    )${this.#kept(images)}
    ${this.#counts(images)}`;
  }

  #extended(incoming: Sql): Sql {
    return this.#arbiter === null ? incoming : this.#arbiter.extend(incoming);
  }

  /** Without a conflict to look for, incoming rows go straight into the table. */
  #plain(incoming: Sql, images: ImageTarget | null): Sql {
    const names = this.#columns.map(({ name }) => quoteIdentifier(name)).join(", ");
    const values = this.#columns.map((_, index) => `value_${index + 1}`).join(", ");
    const returning = images === null ? raw("1") : this.#layout.keysOf(target);
    return sql`with placed as (
      insert into ${qualifiedName(this.#relation)} as ${raw(target)} (${raw(names)})${raw(this.#overriding)}
      select ${raw(values)}
      from (
        ${incoming}
      ) as incoming
      returning ${returning}
    )${this.#kept(images)}
    select pg_catalog.count(*) as written
    from placed`;
  }

  /** Finds an inserted row again by its unique values; null where none are among its columns. */
  get lookup(): InsertedLookup | null {
    const [arbiter, rule] = [this.#arbiter, this.#conflict];
    if (arbiter !== null && rule !== null)
      return InsertedLookup.byArbiter(this.#relation, this.#columns, arbiter, rule);
    const names = this.#layout.key.columns.map(({ name }) => name);
    return InsertedLookup.byKey(this.#relation, this.#columns, names);
  }

  #insert(images: ImageTarget | null): Sql {
    const names = this.#columns.map(({ name }) => quoteIdentifier(name)).join(", ");
    const values = this.#columns.map((_, index) => `value_${index + 1}`).join(", ");
    const allowed =
      this.#conflict?.do === "reject" ? raw(" where source not in (select source from refused)") : raw("");
    return sql`insert into ${qualifiedName(this.#relation)} as ${raw(target)} (${raw(names)})${raw(this.#overriding)}
      select ${raw(values)}
      from incoming${allowed}${this.#onConflict()}
      ${this.#returning(images)}`;
  }

  #onConflict(): Sql {
    const conflict = this.#conflict;
    if (conflict === null || this.#arbiter === null || conflict.do === "reject") return raw("");
    const onConflict = sql`
      on conflict ${this.#arbiter.target}`;
    if (conflict.do === "nothing") return sql`${onConflict} do nothing`;
    const updated = conflict.columns.map(quoteIdentifier);
    const set = updated.map((name) => `${name} = excluded.${name}`).join(", ");
    const row = (alias: string): string =>
      `row(${updated.map((name) => `${alias}.${name}`).join(", ")})::record`;
    return sql`${onConflict} do update set ${raw(set)}
      where ${raw(`${row(target)} operator(pg_catalog.*<>) ${row("excluded")}`)}`;
  }

  #returning(images: ImageTarget | null): Sql {
    const keys = this.#layout.keysOf(target);
    if (this.#conflict?.do !== "update") return sql`returning ${keys}`;
    const fresh = this.#layout.valuesOf("new", target);
    if (!this.#hasReturningOld) {
      // A row inserted just now has no xmax: no session has locked or updated it.
      return sql`returning ${keys}, ${raw(`${target}.xmax = 0 as is_new`)}, ${fresh}`;
    }
    // An existing row has a key, or at least a table.
    const [sure] = this.#layout.key.columns;
    const isNew = raw(`tidefill_old.${quoteIdentifier(sure?.name ?? "tableoid")} is null as is_new`);
    const old = images === null ? [] : [this.#layout.valuesOf("old", "tidefill_old")];
    return sql`returning with (old as tidefill_old) ${join([keys, isNew, ...old, fresh])}`;
  }

  /** The values of existing rows before they are updated, where `returning` cannot return them. */
  #before(images: ImageTarget | null): Sql {
    if (this.#conflict?.do !== "update" || images === null || this.#hasReturningOld) return raw("");
    return sql`, before as materialized (
      select ${this.#layout.keysOf(target)}, ${this.#layout.valuesOf("old", target)}
      from ${qualifiedName(this.#relation)} as ${raw(target)}
      where ${this.#meeting.meetsAny(target)}
    )`;
  }

  #kept(images: ImageTarget | null): Sql {
    if (images === null) return raw("");
    const more = [["xid", raw("pg_catalog.pg_current_xact_id()")]] as const;
    if (this.#conflict?.do !== "update") {
      return sql`, kept as (
      ${keepImages(images, this.#layout, { kind: "i", ages: [], from: raw("placed"), more })}
    )`;
    }
    const joined = ` join before using (${this.#layout.keyNames().join(", ")})`;
    const updated = raw(`placed${this.#hasReturningOld ? "" : joined} where not is_new`);
    return sql`, kept as (
      ${keepImages(images, this.#layout, { kind: "i", ages: ["new"], from: raw("placed where is_new"), more })}
    ), kept_old as (
      ${keepImages(images, this.#layout, { kind: "u", ages: ["old", "new"], from: updated, more })}
    )`;
  }

  /** Rows that another session inserted after our lock, and that were updated without an image. */
  #missed(images: ImageTarget | null): string {
    if (images === null || this.#hasReturningOld) return "";
    const updated = `placed join before using (${this.#layout.keyNames().join(", ")})`;
    return `,
      (select pg_catalog.count(*) from placed where not is_new)
        - (select pg_catalog.count(*) from ${updated} where not is_new) as missed`;
  }

  get #meeting(): ConflictingRows {
    if (this.#arbiter === null)
      throw new Error(`Nothing is unique for the insert into ${this.#relation.name}.`);
    return new ConflictingRows(this.#relation, this.#arbiter);
  }

  #counts(images: ImageTarget | null): Sql {
    const placed = "(select pg_catalog.count(*) from placed)";
    const incoming = "(select pg_catalog.count(*) from incoming)";
    switch (this.#conflict?.do) {
      case "nothing":
        return raw(
          `select ${incoming} as incoming, ${placed} as written, ${incoming} - ${placed} as conflicted`,
        );
      case "update":
        return raw(`select ${incoming} as incoming, ${placed} as written, ${incoming} - ${placed} as unchanged,
      ${incoming} - (select pg_catalog.count(*) from placed where is_new) as conflicted${this.#missed(images)}`);
      case "reject":
        return raw(
          `select ${incoming} as incoming, ${placed} as written,
      (select pg_catalog.json_agg(source) from refused) as refused`,
        );
      default:
        return raw(`select ${incoming} as incoming, ${placed} as written`);
    }
  }
}
