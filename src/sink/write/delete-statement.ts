import type { Key, KeyText } from "../../postgres/catalog/key.ts";
import { qualifiedName, type Relation } from "../../postgres/catalog/relation.ts";
import { triggerExistsBefore } from "../../postgres/catalog/trigger-guard.ts";
import { raw, type Sql, sql } from "../../postgres/sql/sql.ts";
import type { TextColumns } from "../../postgres/sql/text-columns.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import { ImageLayout, type ImageTarget, keepImages, type SinkImages } from "../images/images.ts";
import { readKeys } from "./read-keys.ts";
import { unnested } from "./unnested.ts";

/** The delete of a batch, as the relation `gone` of the whole rows that it deleted. */
export class DeleteStatement {
  readonly layout: ImageLayout;
  readonly #relation: Relation;
  readonly #key: Key;

  constructor(relation: Relation, key: Key) {
    this.#relation = relation;
    this.#key = key;
    // PostgreSQL computes generated columns again.
    const columns = relation.columns.filter(({ isGenerated }) => !isGenerated);
    this.layout = new ImageLayout(relation, key, columns);
  }

  images(isEncrypted: boolean): SinkImages {
    return { columns: this.layout.columns(["old"], isEncrypted), parts: [this.layout.describe("d")] };
  }

  /** Deletes the rows with these keys, which are already locked; `place` is the place of each in `keys`. */
  ofKeys(within: Sql, keys: TextColumns, returning: Sql): Sql {
    const names = this.#key.columns.map((_, index) => `key_${index + 1}`);
    return sql`delete from ${qualifiedName(this.#relation)} as ${raw(this.#key.alias)}
      using rows from (${unnested(keys, names.length)}) with ordinality as tidefill_gone(${raw([...names, "place"].join(", "))})
      where ${this.#key.equals(names.map((name) => `tidefill_gone.${name}`))}
        and ${within}
      returning ${returning}`;
  }

  /** Which of these rows, locked by this transaction and just deleted, still exist. */
  swallowed(tx: Transaction, within: Sql, keys: TextColumns): Promise<readonly KeyText[]> {
    const names = this.#key.columns.map((_, index) => `key_${index + 1}`);
    return readKeys(
      tx,
      sql`select pg_catalog.json_build_array(${this.#key.asTexts()}) as key
      from ${qualifiedName(this.#relation)} as ${raw(this.#key.alias)},
        rows from (${unnested(keys, names.length)}) as tidefill_kept(${raw(names.join(", "))})
      where ${this.#key.equals(names.map((name) => `tidefill_kept.${name}`))}
        and ${within}
        and ${triggerExistsBefore(this.#relation, "delete")}`,
    );
  }

  /** Deletes the rows for which the condition is true. */
  where(condition: Sql, returning: Sql): Sql {
    return sql`delete from ${qualifiedName(this.#relation)} as ${raw(this.#key.alias)}
      where ${condition}
      returning ${returning}`;
  }

  /** The whole row, under the log's names. */
  wholeRow(alias = this.#key.alias): Sql {
    return sql`${this.layout.keysOf(alias)}, ${this.layout.valuesOf("old", alias)}`;
  }

  /** The delete with its images; returns how many rows were deleted. */
  counted(gone: Sql, images: ImageTarget | null): Sql {
    const kept =
      images === null
        ? raw("")
        : sql`, kept as (
      ${keepImages(images, this.layout, { kind: "d", ages: ["old"], from: raw("gone") })}
    )`;
    return sql`with gone as (
      ${gone}
    )${kept}
    select pg_catalog.count(*) as written
    from gone`;
  }
}
