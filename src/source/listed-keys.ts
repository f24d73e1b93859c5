import { type Bounds, type Key, type KeyText, sameTexts } from "../postgres/catalog/key.ts";
import { join, quoteIdentifier, raw, type Sql, sql } from "../postgres/sql/sql.ts";
import { toArrayText } from "../postgres/sql/text-array.ts";
import type { Transaction } from "../postgres/transaction/database.ts";
import type { BatchBounds, LeasedBounds, Walk } from "./walk.ts";

/** How many keys of a list are read and sorted at once: reading all for each batch would get ever slower. */
const keysAtOnce = 10_000;

/** Keys that were read ahead, in order. */
interface ReadAhead {
  readonly after: KeyText | null;
  readonly keys: readonly KeyText[];
}

/** A list of keys, stored as texts in the column `key` of a table, as a query for the columns of the key. */
export function listedKeys(key: Key, table: Sql, condition: Sql): Sql {
  return sql`select ${columnsOf(key)}
        from ${table} as listed
        where ${condition}`;
}

/** Walks a list of keys instead of the index, so that a few rows of a huge table are found at once. */
export class ListedKeys implements Walk {
  readonly #key: Key;
  readonly #table: Sql;
  readonly #condition: Sql;
  /** by the lease for which they were read: under another lease, another process may have done them */
  readonly #ahead = new Map<string, ReadAhead>();
  readonly #batches = new Map<string, { readonly bounds: Bounds; readonly keys: readonly KeyText[] }>();

  /** The keys of `table` for which `condition` holds; the condition calls the table `listed`. */
  constructor(key: Key, table: Sql, condition: Sql) {
    this.#key = key;
    this.#table = table;
    this.#condition = condition;
  }

  async boundary(tx: Transaction, after: KeyText | null, rows: number): Promise<KeyText | null> {
    const { rows: found } = await tx.query(sql`select ${this.#key.list}
      from ${this.#within({ after, through: null })}
      order by ${this.#key.list}
      offset ${rows - 1}
      limit 1`);
    return found[0] === undefined ? null : this.#keyOf(found[0]);
  }

  async nextBatch(
    tx: Transaction,
    { token = "", ...bounds }: LeasedBounds,
    rows: number,
  ): Promise<BatchBounds> {
    const keys = await this.#next(tx, bounds, token, rows);
    const isLast = keys.length < rows;
    const through = isLast ? bounds.through : (keys.at(-1) ?? bounds.through);
    const batch = { after: bounds.after, through };
    // Two batches may have the same bounds, as in two sweeps over one list: the newer one is meant.
    for (const [other, each] of this.#batches) if (isSame(each.bounds, batch)) this.#batches.delete(other);
    this.#batches.set(token, { bounds: batch, keys });
    return { through, walked: keys.length, isLast, isEmpty: keys.length === 0 };
  }

  async hasRows(): Promise<boolean> {
    return true;
  }

  /** The listed keys of a batch whose bounds were read before; for other bounds, the whole list. */
  listOf(bounds: Bounds): Sql {
    const batch = [...this.#batches.values()].find((each) => isSame(each.bounds, bounds));
    if (batch === undefined) return listedKeys(this.#key, this.#table, this.#condition);
    // An index tells whether they are still listed: another process may have done them meanwhile.
    return sql`select ${columnsOf(this.#key)}
        from pg_catalog.unnest(${batch.keys.map(toArrayText)}::text[]) as measured(key)
        cross join lateral (
          select listed.key
          from ${this.#table} as listed
          where ${this.#condition}
            and ${sameTexts(raw("listed.key"), raw("measured.key::text[]"))}
          limit 1
        ) as listed`;
  }

  /** The next keys of a range. Only keys read just now may show that the range ends. */
  async #next(tx: Transaction, bounds: Bounds, token: string, rows: number): Promise<readonly KeyText[]> {
    const ahead = this.#ahead.get(token);
    const from = ahead === undefined || token === "" ? null : placeBehind(ahead, bounds.after);
    if (ahead !== undefined && from !== null && ahead.keys.length - from >= rows)
      return ahead.keys.slice(from, from + rows);
    const atOnce = Math.max(rows, keysAtOnce);
    const { rows: found } = await tx.query(sql`select ${this.#key.list}
      from ${this.#within(bounds)}
      order by ${this.#key.list}
      limit ${atOnce}`);
    const keys = found.map((row) => this.#keyOf(row));
    if (keys.length < rows) this.#ahead.delete(token);
    else this.#ahead.set(token, { after: bounds.after, keys });
    return keys.slice(0, rows);
  }

  #within(bounds: Bounds): Sql {
    return join(
      [
        raw("("),
        listedKeys(this.#key, this.#table, this.#condition),
        sql`) as ${raw(this.#key.alias)}
      where ${this.#key.within(bounds)}`,
      ],
      "",
    );
  }

  #keyOf(row: Readonly<Record<string, string | null>>): KeyText {
    return this.#key.columns.map(({ name }) => row[name] ?? "");
  }
}

function columnsOf({ columns }: Key): Sql {
  return raw(
    columns
      .map(({ name, type }, index) => `(listed.key)[${index + 1}]::${type} as ${quoteIdentifier(name)}`)
      .join(", "),
  );
}

/** The index of the keys after this one; null where it is not among the keys that were read. */
function placeBehind({ after, keys }: ReadAhead, key: KeyText | null): number | null {
  const name = nameOf(key);
  if (nameOf(after) === name) return 0;
  const place = keys.findIndex((each) => nameOf(each) === name);
  return place < 0 ? null : place + 1;
}

function isSame(left: Bounds, right: Bounds): boolean {
  return nameOf(left.after) === nameOf(right.after) && nameOf(left.through) === nameOf(right.through);
}

function nameOf(key: KeyText | null): string {
  return JSON.stringify(key);
}
