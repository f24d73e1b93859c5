import type { Transaction } from "../postgres/database.ts";
import { type Bounds, type Key, type KeyText, sameTexts } from "../postgres/key.ts";
import { join, quoteIdentifier, raw, type Sql, sql } from "../postgres/sql.ts";
import { toTextArray } from "../postgres/text-array.ts";
import type { Stretch, Walk } from "./walk.ts";

/** So many keys of a list are read and sorted at once; to look at a whole long list for each batch would take ever longer. */
const keysAtOnce = 10_000;

/** Keys that were read ahead, in their order. */
interface ReadAhead {
  readonly after: KeyText | null;
  readonly keys: readonly KeyText[];
  /** there are no more in the range */
  readonly isWhole: boolean;
}

/** A list of keys, kept as texts in a table with the column `key`, as a query for the columns of the key. */
export function listedKeys(key: Key, table: Sql, condition: Sql): Sql {
  return sql`select ${columnsOf(key)}
        from ${table} as listed
        where ${condition}`;
}

/** Walks a list of keys instead of the index: a few rows of a huge table are found at once. */
export class ListedKeys implements Walk {
  readonly #key: Key;
  readonly #table: Sql;
  readonly #condition: Sql;
  /** by the end of a range, which one worker has */
  readonly #ahead = new Map<string, ReadAhead>();
  readonly #batches = new Map<string, { readonly bounds: Bounds; readonly keys: readonly KeyText[] }>();

  /** The keys of `table` for which `condition` is true, which calls it `listed`. */
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

  async stretch(tx: Transaction, { after, through: end }: Bounds, rows: number): Promise<Stretch> {
    const keys = await this.#next(tx, { after, through: end }, rows);
    const isLast = keys.length < rows;
    const through = isLast ? end : (keys.at(-1) ?? end);
    this.#batches.set(nameOf(end), { bounds: { after, through }, keys });
    return { through, walked: keys.length, isLast, isEmpty: keys.length === 0 };
  }

  async hasRows(): Promise<boolean> {
    return true;
  }

  /** What is on the list of the keys of a batch that `stretch` has measured; of others, the whole list. */
  listOf(bounds: Bounds): Sql {
    const batch = [...this.#batches.values()].find(
      (each) =>
        nameOf(each.bounds.after) === nameOf(bounds.after) &&
        nameOf(each.bounds.through) === nameOf(bounds.through),
    );
    if (batch === undefined) return listedKeys(this.#key, this.#table, this.#condition);
    // Whether they are still on it is looked up by its index: another process may have done them meanwhile.
    return sql`select ${columnsOf(this.#key)}
        from pg_catalog.unnest(${batch.keys.map(toTextArray)}::text[]) as measured(key)
        join ${this.#table} as listed on ${sameTexts(raw("listed.key"), raw("measured.key::text[]"))}
        where ${this.#condition}`;
  }

  /** The next keys of a range. What was read ahead for an earlier sweep is of no use at the beginning of a range. */
  async #next(tx: Transaction, bounds: Bounds, rows: number): Promise<readonly KeyText[]> {
    const ahead = this.#ahead.get(nameOf(bounds.through));
    const from = ahead === undefined || bounds.after === null ? null : placeBehind(ahead, bounds.after);
    if (ahead !== undefined && from !== null && (ahead.isWhole || ahead.keys.length - from >= rows))
      return ahead.keys.slice(from, from + rows);
    const atOnce = Math.max(rows, keysAtOnce);
    const { rows: found } = await tx.query(sql`select ${this.#key.list}
      from ${this.#within(bounds)}
      order by ${this.#key.list}
      limit ${atOnce}`);
    const keys = found.map((row) => this.#keyOf(row));
    this.#ahead.set(nameOf(bounds.through), { after: bounds.after, keys, isWhole: keys.length < atOnce });
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

/** Where the keys behind this one begin; null where it is none of those that were read. */
function placeBehind({ after, keys }: ReadAhead, key: KeyText): number | null {
  const name = nameOf(key);
  if (nameOf(after) === name) return 0;
  const place = keys.findIndex((each) => nameOf(each) === name);
  return place < 0 ? null : place + 1;
}

function nameOf(key: KeyText | null): string {
  return JSON.stringify(key);
}
