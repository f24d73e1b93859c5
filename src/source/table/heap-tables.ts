import type { Bounds, KeyText } from "../../postgres/catalog/key.ts";
import { qualifiedName, type Relation } from "../../postgres/catalog/relation.ts";
import { quoteIdentifier, raw, type Sql, sql } from "../../postgres/sql/sql.ts";
import type { Queryable, Transaction } from "../../postgres/transaction/database.ts";
import type { BatchBounds, Walk } from "../walk.ts";
import { HeapWalk } from "./heap-walk.ts";

/** The address at the end of a table: no row has it. */
const end = "(4294967295,65535)";

/** Where the rows of a batch are: one table, and addresses in it. */
export interface HeapPlace {
  readonly from: Sql;
  readonly within: Sql;
}

/**
 * Walks a table, or all partitions of one in turn, by the addresses of their rows. A key is the table's
 * number and an address in it; a batch stays within one table.
 */
export class HeapTables implements Walk {
  readonly #heaps: readonly HeapWalk[];

  constructor(heaps: readonly HeapWalk[]) {
    this.#heaps = heaps;
  }

  /** Opens a table under the alias that the job's SQL uses. */
  static async open(db: Queryable, relation: Relation): Promise<HeapTables> {
    if (relation.kind !== "partitioned table")
      return new HeapTables([new HeapWalk(qualifiedName(relation), relation.name)]);
    const { rows } = await db.query(sql`
      select n.nspname, c.relname
      from pg_catalog.pg_partition_tree(${relation.oid}::oid) as leaf
      join pg_catalog.pg_class c on c.oid = leaf.relid
      join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where leaf.isleaf
      order by c.oid`);
    const tables = rows.map((row) =>
      raw(`${quoteIdentifier(row.nspname ?? "")}.${quoteIdentifier(row.relname ?? "")}`),
    );
    return new HeapTables(tables.map((table) => new HeapWalk(table, relation.name)));
  }

  /** The same with another table after them. */
  and(last: HeapWalk): HeapTables {
    return new HeapTables([...this.#heaps, last]);
  }

  /** Whether a batch is in the last table. */
  isInLast(bounds: Bounds): boolean {
    return this.#inner(bounds).table === this.#heaps.length - 1;
  }

  async boundary(tx: Transaction, after: KeyText | null, rows: number): Promise<KeyText | null> {
    const { table, address } = this.#next(after);
    const heap = this.#heaps[table];
    if (heap === undefined) return null;
    const through = await heap.boundary(tx, address, rows);
    if (through !== null) return [String(table), ...through];
    return table === this.#heaps.length - 1 ? null : [String(table), end];
  }

  async nextBatch(tx: Transaction, bounds: Bounds, rows: number): Promise<BatchBounds> {
    const { table, inner, isWhole } = this.#inner(bounds);
    const heap = this.#heaps[table];
    if (heap === undefined) return { through: bounds.through, walked: 0, isLast: true, isEmpty: true };
    const found = await heap.nextBatch(tx, inner, rows);
    if (!found.isLast) return { ...found, through: [String(table), ...(found.through ?? [])] };
    if (!isWhole || table === this.#heaps.length - 1) return { ...found, through: bounds.through };
    return { ...found, through: [String(table), end], isLast: false };
  }

  async hasRows(): Promise<boolean> {
    return true;
  }

  /** The table and the addresses of a batch's bounds. */
  place(bounds: Bounds): HeapPlace {
    const { table, inner } = this.#inner(bounds);
    const heap = this.#heaps[table];
    if (heap === undefined) throw new Error("A batch is after the last table.");
    return { from: heap.from, within: heap.within(inner) };
  }

  #inner({ after, through }: Bounds) {
    const { table, address } = this.#next(after);
    const isWhole = through === null || Number(through[0]) !== table;
    const inner: Bounds = { after: address, through: isWhole ? null : [through?.[1] ?? end] };
    return { table, inner, isWhole: isWhole && !(through !== null && Number(through[0]) < table) };
  }

  #next(after: KeyText | null): { readonly table: number; readonly address: KeyText | null } {
    if (after === null) return { table: 0, address: null };
    const [table = "0", address = end] = after;
    return address === end
      ? { table: Number(table) + 1, address: null }
      : { table: Number(table), address: [address] };
  }
}
