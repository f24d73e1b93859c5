import type { Transaction } from "../postgres/database.ts";
import type { Bounds, Key, KeyText } from "../postgres/key.ts";
import { join, quoteIdentifier, raw, type Sql, sql } from "../postgres/sql.ts";
import type { Stretch, Walk } from "./walk.ts";

/** A list of keys, kept as texts in a table with the column `key`, as a query for the columns of the key. */
export function listedKeys(key: Key, table: Sql, condition: Sql): Sql {
  const columns = key.columns.map(
    ({ name, type }, index) => `(listed.key)[${index + 1}]::${type} as ${quoteIdentifier(name)}`,
  );
  return sql`select ${raw(columns.join(", "))}
        from ${table} as listed
        where ${condition}`;
}

/** Walks a list of keys instead of the index: a few rows of a huge table are found at once. */
export class ListedKeys implements Walk {
  readonly #list: Sql;
  readonly #key: Key;

  constructor(list: Sql, key: Key) {
    this.#list = list;
    this.#key = key;
  }

  async boundary(tx: Transaction, after: KeyText | null, rows: number): Promise<KeyText | null> {
    const { rows: found } = await tx.query(sql`select ${this.#key.list}
      from ${this.#from({ after, through: null })}
      order by ${this.#key.list}
      offset ${rows - 1}
      limit 1`);
    return found[0] === undefined ? null : this.#keyOf(found[0]);
  }

  async stretch(tx: Transaction, bounds: Bounds, rows: number): Promise<Stretch> {
    const { rows: found } = await tx.query(sql`select ${this.#key.list}
      from ${this.#from(bounds)}
      order by ${this.#key.list}
      limit ${rows}`);
    const last = found.at(-1);
    if (last === undefined) return { through: bounds.through, walked: 0, isLast: true, isEmpty: true };
    const isLast = found.length < rows;
    return {
      through: isLast ? bounds.through : this.#keyOf(last),
      walked: found.length,
      isLast,
      isEmpty: false,
    };
  }

  async hasRows(): Promise<boolean> {
    return true;
  }

  #from(bounds: Bounds): Sql {
    return join(
      [
        raw("("),
        this.#list,
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
