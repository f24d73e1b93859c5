import { join, quoteIdentifier, raw, type Sql, sql } from "../sql/sql.ts";

/** One column of a key, with all that SQL needs to compare it as the key's index does. */
export interface KeyColumn {
  readonly name: string;
  /** the column's base type, qualified: what a text is cast to before it is compared */
  readonly type: string;
  /** the schema of the comparison operators, `pg_catalog` for built-in types */
  readonly operatorSchema: string;
  /** everything else that decides the order: collation, its provider and version, operator class, labels of an enum */
  readonly order: string;
}

/** The values of a key, in PostgreSQL's own text; never parsed, never compared in JavaScript. */
export type KeyText = readonly string[];

/** Types whose cast to text is what a client reads. */
const plainTypes: ReadonlySet<string> = new Set([
  "smallint",
  "integer",
  "bigint",
  "numeric",
  "text",
  "character varying",
  "uuid",
  "date",
  "timestamp without time zone",
  "timestamp with time zone",
]);

/**
 * A value as a client reads it, so that one key is one text wherever it is written down. A cast to text makes another one of a
 * boolean (`true` of `t`), an address (`10.0.0.1/32` of `10.0.0.1`), or a `char(n)` (without its blanks).
 */
export function asWritten(value: string, type?: string): string {
  return type !== undefined && plainTypes.has(type) ? `${value}::text` : `pg_catalog.format('%s', ${value})`;
}

/**
 * The condition that two keys are the same texts. A list of keys of any length is indexed by the hash: without it a statement would
 * go over all keys of a run. `right` may come of a column with a collation of its own, by which texts have another hash.
 */
export function sameTexts(left: Sql, right: Sql): Sql {
  const other = sql`(${right}) collate pg_catalog."C"`;
  return sql`${left} = ${other}
        and pg_catalog.hash_array_extended(${left}, 0) = pg_catalog.hash_array_extended(${other}, 0)`;
}

/** Keys above `after`, up to and including `through`; null is an open end. */
export interface Bounds {
  readonly after: KeyText | null;
  readonly through: KeyText | null;
}

/** Compares and orders by a key of one or several columns, in SQL. `alias` is how the statement calls the table, quoted. */
export class Key {
  readonly columns: readonly KeyColumn[];
  readonly alias: string;

  constructor(columns: readonly KeyColumn[], alias: string) {
    this.columns = columns;
    this.alias = alias;
  }

  /** `t."a", t."b"` */
  get list(): Sql {
    return raw(this.columns.map((column) => this.#column(column)).join(", "));
  }

  /** `t."a"::text, t."b"::text` */
  asTexts(): Sql {
    return this.textsOf(this.columns.map((column) => this.#column(column)));
  }

  /** The same of another relation that has the key's values under these names. */
  textsOf(names: readonly string[]): Sql {
    return raw(this.columns.map((column, index) => asWritten(names[index] ?? "", column.type)).join(", "));
  }

  /** The same key where the statement calls the relation by another name. */
  withAlias(alias: string): Key {
    return new Key(this.columns, alias);
  }

  /** The condition that a row's key lies within the bounds; `true` when both ends are open. */
  within(bounds: Bounds): Sql {
    const conditions = [
      ...(bounds.after === null ? [] : [this.#compare(">", bounds.after)]),
      ...(bounds.through === null ? [] : [this.#compare("<=", bounds.through)]),
    ];
    return conditions.length === 0 ? sql`true` : join(conditions, " and ");
  }

  /** The condition that this row has the key whose columns another relation carries as texts. */
  equals(other: readonly string[]): Sql {
    return raw(
      this.columns
        .map(
          (column, index) =>
            `${this.#column(column)} operator(${quoteIdentifier(column.operatorSchema)}.=) ${other[index]}::${column.type}`,
        )
        .join(" and "),
    );
  }

  /** The condition that the row is one of those with these keys. */
  among(keys: readonly KeyText[]): Sql {
    const texts = this.columns.map((_, index) => `(sought.key ->> ${index})`);
    return sql`exists (
          select from pg_catalog.jsonb_array_elements(${JSON.stringify(keys)}::pg_catalog.jsonb) as sought(key)
          where ${this.equals(texts)})`;
  }

  #column(column: KeyColumn): string {
    return `${this.alias}.${quoteIdentifier(column.name)}`;
  }

  // Row comparison, which the index serves as one condition. Operators are qualified: with `citext` and no schema of the
  // extension in the search path, a plain `>` would silently be text's.
  #compare(operator: ">" | "<=", key: KeyText): Sql {
    const [first] = this.columns;
    const qualified = raw(`operator(${quoteIdentifier(first?.operatorSchema ?? "pg_catalog")}.${operator})`);
    const values = this.columns.map((column, index) => sql`${key[index] ?? null}::${raw(column.type)}`);
    return this.columns.length === 1
      ? sql`${this.list} ${qualified} ${join(values)}`
      : sql`row(${this.list}) ${qualified} row(${join(values)})`;
  }
}
