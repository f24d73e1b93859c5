import { SwallowedError } from "../../errors.ts";
import type { Key } from "../../postgres/catalog/key.ts";
import { type Column, qualifiedName, type Relation } from "../../postgres/catalog/relation.ts";
import { quoteIdentifier, raw, type Sql, sql } from "../../postgres/sql/sql.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import { ImageLayout, type ImageTarget, keepImages, type SinkImages } from "../images/images.ts";
import type { DeleteStatement } from "./delete-statement.ts";
import { nothingWritten, type Written } from "./written.ts";

const target = "tidefill_target";

/** The table that a move inserts into. */
export interface MoveTarget {
  readonly relation: Relation;
  /** finds a moved row again */
  readonly key: Key;
  readonly columns: readonly Column[];
  /** the last of them that are taken from the source's row, which the transform does not return */
  readonly kept: readonly Column[];
  /** the insert sets columns that are `generated always as identity` */
  readonly overridesIdentity: boolean;
}

/**
 * The move of a batch: the relation `gone` has the source rows (with `place`), `incoming` what they become
 * (with `source`, from which each was made, and `n`). The image of a row holds the keys of what it became, so
 * that both are undone together.
 */
export class MoveStatement {
  readonly #delete: DeleteStatement;
  readonly #into: MoveTarget;

  constructor(from: DeleteStatement, into: MoveTarget) {
    this.#delete = from;
    this.#into = into;
  }

  images(isEncrypted: boolean): SinkImages {
    const { relation, key } = this.#into;
    const layout = this.#delete.layout;
    return {
      columns: [
        ...layout.columns(["old"], isEncrypted),
        { name: "target_keys", type: "pg_catalog.jsonb" },
        { name: "xid", type: "pg_catalog.xid8" },
      ],
      parts: [layout.describe("d", new ImageLayout(relation, key, []))],
    };
  }

  /**
   * `gone` defines that relation, `incoming` is only the query. With `mayStay`, a trigger may keep a source
   * row from being deleted, and only rows that were deleted are inserted.
   */
  build(gone: Sql, incoming: Sql, images: ImageTarget | null, mayStay = false): Sql {
    const { relation, columns, overridesIdentity } = this.#into;
    const overriding = raw(overridesIdentity ? "\n      overriding system value" : "");
    const names = columns.map(({ name }) => quoteIdentifier(name)).join(", ");
    const values = columns.map((_, index) => `value_${index + 1}`).join(", ");
    const key = this.#into.key.withAlias(target);
    return sql`with ${gone}, incoming as materialized (
      ${mayStay ? onlyGone(incoming) : incoming}
    ), placed as (
      insert into ${qualifiedName(relation)} as ${raw(target)} (${raw(names)})${overriding}
      select ${raw(values)}
      from incoming
      order by n
      returning pg_catalog.json_build_array(${key.asTexts()}) as target_key
    )${images === null ? raw("") : this.#kept(images)}
    select (select pg_catalog.count(*) from tidefill_gone) as written,
      (select pg_catalog.count(*) from incoming) as incoming,
      (select pg_catalog.count(*) from placed) as placed`;
  }

  // An insert returns its rows in the order in which they were inserted.
  #kept(images: ImageTarget): Sql {
    const from = raw(`tidefill_gone as gone
      left join (
        select incoming.source, pg_catalog.jsonb_agg(numbered.target_key) as target_keys
        from incoming
        join numbered using (n)
        group by incoming.source
      ) as became on became.source = gone.place`);
    return sql`, numbered as (
      select target_key, pg_catalog.row_number() over () as n
      from placed
    ), kept as (
      ${keepImages(images, this.#delete.layout, {
        kind: "d",
        ages: ["old"],
        from,
        more: [
          ["target_keys", raw("coalesce(became.target_keys, '[]')")],
          ["xid", raw("pg_catalog.pg_current_xact_id()")],
        ],
      })}
    )`;
  }

  /**
   * Runs a move and proves that no row was lost on the way.
   * @throws SwallowedError where a trigger of the target kept a row out: then its source row must not be
   * deleted
   */
  async run(tx: Transaction, statement: Sql): Promise<Written> {
    const { rows } = await tx.query(statement);
    const [written, incoming, placed] = ["written", "incoming", "placed"].map((name) =>
      Number(rows[0]?.[name] ?? 0),
    );
    if (incoming !== placed) throw new SwallowedError(this.#into.relation.name);
    return { ...nothingWritten, written: written ?? 0 };
  }
}

function onlyGone(incoming: Sql): Sql {
  return sql`select arriving.*
      from (
        ${incoming}
      ) as arriving
      where arriving.source in (select place from tidefill_gone)`;
}
