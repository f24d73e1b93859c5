import type { Bounds, Key, KeyText } from "../../postgres/catalog/key.ts";
import { qualifiedName, type Relation } from "../../postgres/catalog/relation.ts";
import { raw, type Sql, sql } from "../../postgres/sql/sql.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import type { BatchBounds, Walk } from "../walk.ts";

/** For an unmeasured batch: how many times wider than earlier rows its rows may be, to stay within budget. */
const margin = 1.25;
/** A batch of fewer rows is measured: few wide rows vary most. */
const fewestUnmeasured = 100;
/** The weight of the width seen earlier, when rows have become narrower since. */
const memory = 0.9;

/**
 * Walks the key's index by plain reads. `filter` is a condition that an index serves by itself, so that only
 * its rows are walked; `scope` is the condition of the rows to be worked on.
 */
export class KeyWalk implements Walk {
  readonly #relation: Relation;
  readonly #key: Key;
  readonly #filter: Sql | null;
  /** bytes of one row in transit; null when no column can be large */
  readonly #width: Sql | null;
  readonly #scope: Sql | null;
  /** bytes of a row, as seen so far; null before the first row */
  #seenWidth: number | null = null;

  constructor(relation: Relation, key: Key, filter: Sql | null, width: Sql | null, scope: Sql | null = null) {
    this.#relation = relation;
    this.#key = key;
    this.#filter = filter;
    this.#width = width;
    this.#scope = scope;
  }

  /** Whether any row within the bounds is in scope; true without a query when every row is. */
  async hasRows(tx: Transaction, bounds: Bounds): Promise<boolean> {
    if (this.#scope === null) return true;
    const { rows } = await tx.query(sql`select 1
      from ${qualifiedName(this.#relation)} as ${raw(this.#key.alias)}
      where ${this.#key.within(bounds)} and ${this.#scope}
      order by ${this.#key.list}
      limit 1`);
    return rows.length > 0;
  }

  /** The statement for the key of the `rows`-th row, where a range ends. */
  boundaryStatement(bounds: Bounds, rows: number): Sql {
    return sql`select ${this.#key.list}
      from ${this.#from(bounds)}
      order by ${this.#key.list}
      offset ${rows - 1}
      limit 1`;
  }

  /** Where a range of about `rows` rows ends; null when fewer are left. */
  async boundary(tx: Transaction, after: KeyText | null, rows: number): Promise<KeyText | null> {
    return this.#boundary(tx, { after, through: null }, rows);
  }

  async #boundary(tx: Transaction, bounds: Bounds, rows: number): Promise<KeyText | null> {
    const { rows: found } = await tx.query(this.boundaryStatement(bounds, rows));
    return found[0] === undefined ? null : keyOf(found[0], this.#key);
  }

  /** The statement for a batch's bounds: up to `rows` rows, as long as their bytes stay within the budget. */
  boundStatement(bounds: Bounds, rows: number, byteBudget: number): Sql {
    // A single row is a batch whatever its size, so it need not be measured.
    const width = rows === 1 || this.#width === null ? raw("0") : this.#width;
    return sql`select ${this.#columnNames("measured")}, measured.tidefill_row, measured.tidefill_walked
      from (
        select walked.*,
          pg_catalog.row_number() over (order by ${this.#columnNames("walked")}) as tidefill_row,
          pg_catalog.count(*) over () as tidefill_walked,
          pg_catalog.sum(walked.tidefill_width) over (
            order by ${this.#columnNames("walked")} rows unbounded preceding) as tidefill_bytes
        from (
          select ${this.#key.list}, ${width} as tidefill_width
          from ${this.#from(bounds)}
          order by ${this.#key.list}
          limit ${rows}
        ) walked
      ) measured
      where measured.tidefill_row = 1 or measured.tidefill_bytes <= ${byteBudget}
      order by measured.tidefill_row desc
      limit 1`;
  }

  /** How far the next batch goes within `bounds`. */
  async nextBatch(tx: Transaction, bounds: Bounds, rows: number, byteBudget: number): Promise<BatchBounds> {
    const unmeasured = this.#fitting(rows, byteBudget);
    if (unmeasured !== null) {
      const through = await this.#boundary(tx, bounds, unmeasured);
      if (through !== null) return { through, walked: unmeasured, isLast: false, isEmpty: false };
      // Fewer rows are left than fit, so the batch ends where its bounds end.
      const walked = await this.#count(tx, bounds, unmeasured);
      return { through: bounds.through, walked, isLast: true, isEmpty: walked === 0 };
    }
    const { rows: found } = await tx.query(this.boundStatement(bounds, rows, byteBudget));
    const [last] = found;
    if (last === undefined) return { through: bounds.through, walked: 0, isLast: true, isEmpty: true };
    const walked = Number(last.tidefill_row);
    const isLast = walked < rows && walked === Number(last.tidefill_walked);
    return { through: isLast ? bounds.through : keyOf(last, this.#key), walked, isLast, isEmpty: false };
  }

  async #count(tx: Transaction, bounds: Bounds, atMost: number): Promise<number> {
    const { rows } = await tx.query(sql`select pg_catalog.count(*) as walked
      from (select from ${this.#from(bounds)} order by ${this.#key.list} limit ${atMost}) as rest`);
    return Number(rows[0]?.walked ?? 0);
  }

  saw(walked: number, bytes: number): void {
    const width = bytes / Math.max(1, walked);
    this.#seenWidth = Math.max(width, memory * (this.#seenWidth ?? 0) + (1 - memory) * width);
  }

  /** How many of `rows` rows certainly fit the budget; null if they must be measured. Readers check, too. */
  #fitting(rows: number, byteBudget: number): number | null {
    if (this.#width === null) return rows;
    if (this.#seenWidth === null) return null;
    const fit = Math.floor(byteBudget / Math.max(1, margin * this.#seenWidth));
    return fit >= Math.min(rows, fewestUnmeasured) ? Math.min(rows, fit) : null;
  }

  /** The statement whose estimated rows tell how long the walk is. */
  wholeStatement(): Sql {
    return sql`select 1 from ${this.#from({ after: null, through: null })}`;
  }

  #from(bounds: Bounds): Sql {
    const filter = this.#filter === null ? raw("") : sql` and ${this.#filter}`;
    return sql`${qualifiedName(this.#relation)} as ${raw(this.#key.alias)}
      where ${this.#key.within(bounds)}${filter}`;
  }

  #columnNames(alias: string): Sql {
    return this.#key.withAlias(alias).list;
  }
}

function keyOf(row: Readonly<Record<string, string | null>>, key: Key): KeyText {
  return key.columns.map((column) => {
    const text = row[column.name];
    if (text == null) throw new Error(`The key column ${column.name} is null.`);
    return text;
  });
}
