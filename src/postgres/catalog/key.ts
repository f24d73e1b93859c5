import { join, quoteIdentifier, raw, type Sql, sql } from "../sql/sql.ts";

/** One column of a key, with all that SQL needs to compare it as the key's index does. */
export interface KeyColumn {
  readonly name: string;
  /** the column's base type, qualified: a text is cast to it before it is compared */
  readonly type: string;
  /** the schema of the comparison operators, `pg_catalog` for built-in types */
  readonly operatorSchema: string;
  /** everything else that decides the order: operator class, collation, provider, version, enum labels */
  readonly order: string;
}

/** The values of a key as PostgreSQL's own text; never parsed or compared in JavaScript. */
export type KeyText = readonly string[];

/** Types whose cast to text gives what a client reads. */
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
 * A value as a client reads it, so that a key has the same text wherever it is stored. A cast to text changes
 * a boolean (`t` to `true`), an address (`10.0.0.1` to `10.0.0.1/32`) and a `char(n)` (its trailing blanks
 * go).
 */
export function asWritten(value: string, type?: string): string {
  return type !== undefined && plainTypes.has(type) ? `${value}::text` : `pg_catalog.format('%s', ${value})`;
}

/**
 * The condition that two keys are the same texts. Keys may be long, so lists of keys are indexed by hash: the
 * hash in the condition saves a scan of all keys of a run. `right` may have a collation that changes its
 * hash, hence the "C".
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

/** Compares and orders by a key of one or several columns. `alias` is the table's name, quoted. */
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

  /** The same for another relation, which has the key's values under these names. */
  textsOf(names: readonly string[]): Sql {
    return raw(this.columns.map((column, index) => asWritten(names[index] ?? "", column.type)).join(", "));
  }

  /** The same key for a statement that calls the relation by another name. */
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

  /** The condition that a row has the key that another relation holds as texts in the columns `other`. */
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

  /** The condition that a row has one of these keys. */
  among(keys: readonly KeyText[]): Sql {
    const texts = this.columns.map((_, index) => `(sought.key ->> ${index})`);
    return sql`exists (
          select from pg_catalog.jsonb_array_elements(${JSON.stringify(keys)}::pg_catalog.jsonb) as sought(key)
          where ${this.equals(texts)})`;
  }

  #column(column: KeyColumn): string {
    return `${this.alias}.${quoteIdentifier(column.name)}`;
  }

  // Row comparison, which the index serves as one condition. Operators are qualified: for `citext`, with the
  // extension's schema not in the search path, a plain `>` would silently be text's.
  #compare(operator: ">" | "<=", key: KeyText): Sql {
    const [first] = this.columns;
    const qualified = raw(`operator(${quoteIdentifier(first?.operatorSchema ?? "pg_catalog")}.${operator})`);
    const values = this.columns.map((column, index) => sql`${key[index] ?? null}::${raw(column.type)}`);
    return this.columns.length === 1
      ? sql`${this.list} ${qualified} ${join(values)}`
      : sql`row(${this.list}) ${qualified} row(${join(values)})`;
  }
}
