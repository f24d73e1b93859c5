import { type Bounds, Key, type KeyText } from "../../postgres/catalog/key.ts";
import { quoteIdentifier, raw, type Sql, sql } from "../../postgres/sql/sql.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import type { BatchBounds, Walk } from "../walk.ts";

const lastOffset = 65_535;

/**
 * Walks a table by the addresses of its rows, block by block, without an index. A range ends at a block
 * border, a batch at a row's address. Rows inserted or moved meanwhile may be missed or met twice: only for
 * tables that are only appended to, and for reading.
 */
export class HeapWalk implements Walk {
  readonly #table: Sql;
  readonly #oid: Sql;
  readonly key: Key;

  /** `table` is qualified and quoted; `alias` is its name in statements. */
  constructor(table: Sql, alias: string) {
    this.#table = table;
    this.#oid = sql`pg_catalog.to_regclass(${table.toString()})`;
    const ctid = { name: "ctid", type: "pg_catalog.tid", operatorSchema: "pg_catalog", order: "" };
    this.key = new Key([ctid], quoteIdentifier(alias));
  }

  /**
   * The condition that a row is within the bounds. It always has a lower end: without one PostgreSQL would
   * scan the table sequentially, starting wherever another scan is.
   */
  within({ after, through }: Bounds): Sql {
    return this.key.within({ after: after ?? ["(0,0)"], through });
  }

  /** The table under its alias, for a statement. */
  get from(): Sql {
    return sql`${this.#table} as ${raw(this.key.alias)}`;
  }

  async boundary(tx: Transaction, after: KeyText | null, rows: number): Promise<KeyText | null> {
    const first = after === null ? 0 : blockOf(after) + 1;
    const { rows: found } = await tx.query(sql`
      select pg_catalog.pg_relation_size(${this.#oid}) / pg_catalog.current_setting('block_size')::bigint as blocks,
        (select pg_catalog.count(*)
          from ${this.from}
          where ${this.key.within({ after: [`(${first},0)`], through: [`(${first},${lastOffset})`] })}) as dense`);
    const blocks = Number(found[0]?.blocks ?? 0);
    const perBlock = Math.max(1, Number(found[0]?.dense ?? 1));
    const last = first + Math.max(1, Math.ceil(rows / perBlock)) - 1;
    return last >= blocks - 1 ? null : [`(${last},${lastOffset})`];
  }

  /** A scan by address yields rows in order: the first `rows` rows are those up to the greatest address. */
  async nextBatch(tx: Transaction, bounds: Bounds, rows: number): Promise<BatchBounds> {
    const { rows: found } = await tx.query(sql`
      select pg_catalog.max(address)::text as through, pg_catalog.count(*) as walked
      from (
        select ctid as address
        from ${this.from}
        where ${this.within(bounds)}
        limit ${rows}
      ) as walked`);
    const walked = Number(found[0]?.walked ?? 0);
    const through = found[0]?.through;
    if (walked === 0 || through == null)
      return { through: bounds.through, walked: 0, isLast: true, isEmpty: true };
    const isLast = walked < rows;
    return { through: isLast ? bounds.through : [through], walked, isLast, isEmpty: false };
  }

  async hasRows(): Promise<boolean> {
    return true;
  }
}

function blockOf([address]: KeyText): number {
  return Number(/^\((\d+),/.exec(address ?? "")?.[1] ?? 0);
}
