import { ColumnCodec } from "../job/column-codec.ts";
import { type Column, qualifiedName, type Relation } from "../postgres/catalog.ts";
import type { Transaction } from "../postgres/database.ts";
import type { Bounds, Key } from "../postgres/key.ts";
import { join, quoteIdentifier, raw, type Sql, sql } from "../postgres/sql.ts";
import { KeyWalk } from "./key-walk.ts";
import type { TableRows } from "./table-rows.ts";

/** One column that a transform reads. */
interface ReadColumn {
  readonly name: string;
  readonly codec: ColumnCodec;
}

/** A source after the catalogue was asked: the statements that read it. */
export class OpenedSource {
  readonly definition: TableRows<unknown>;
  readonly relation: Relation;
  readonly key: Key;
  readonly walk: KeyWalk;
  readonly columns: readonly ReadColumn[];

  constructor(
    definition: TableRows<unknown>,
    relation: Relation,
    key: Key,
    walkFilter: Sql | null,
    measuresRows: boolean,
  ) {
    this.definition = definition;
    this.relation = relation;
    this.key = key;
    this.columns = definition.read.map((name) => ({
      name,
      codec: new ColumnCodec(name, definition.table.columns[name] ?? ""),
    }));
    this.walk = new KeyWalk(relation, key, walkFilter, measuresRows ? this.#width() : null);
  }

  /** The rows of a batch in key order, locked so that nobody changes them before we write; new references to them may go on. */
  readStatement(bounds: Bounds): Sql {
    const list = raw(this.columns.map(({ name }) => `${this.key.alias}.${quoteIdentifier(name)}`).join(", "));
    return sql`select ${list}
      from ${qualifiedName(this.relation)} as ${raw(this.key.alias)}
      where ${this.condition(bounds)}
      order by ${this.key.list}
      for no key update of ${raw(this.key.alias)}`;
  }

  /** The keys and nothing else of up to `limit` rows in scope, unlocked. */
  keysStatement(bounds: Bounds, limit: number): Sql {
    return sql`select ${this.key.list}
      from ${qualifiedName(this.relation)} as ${raw(this.key.alias)}
      where ${this.condition(bounds)}
      order by ${this.key.list}
      limit ${limit}`;
  }

  /** Whether any row within the bounds is in scope; true without looking when every row is. */
  async hasRows(tx: Transaction, bounds: Bounds): Promise<boolean> {
    if (this.definition.filter === null) return true;
    return (await tx.query(this.keysStatement(bounds, 1))).rows.length > 0;
  }

  /** The condition that a row is in scope and within the bounds. */
  condition(bounds: Bounds): Sql {
    const { filter } = this.definition;
    return filter === null ? this.key.within(bounds) : sql`${this.key.within(bounds)} and ${filter}`;
  }

  // What a value takes on the wire, found without fetching it: octet_length reads the length of a text or bytea that is
  // stored out of line from its pointer. Other types only tell what they take on disk, compressed.
  #width(): Sql | null {
    const large = this.columns
      .map(({ name }) => this.relation.columns.find((column) => column.name === name))
      .filter((column): column is Column => column?.isToastable === true);
    if (large.length === 0) return null;
    const widths = large.map((column) => {
      const reference = `${this.key.alias}.${quoteIdentifier(column.name)}`;
      // A bytea comes as hexadecimal digits, two a byte.
      const length = { text: "", varchar: "", bytea: "2 * " }[column.baseName];
      return raw(
        length === undefined
          ? `coalesce(pg_catalog.pg_column_size(${reference}), 0)`
          : `${length}coalesce(pg_catalog.octet_length(${reference}), 0)`,
      );
    });
    const width = join(widths, " + ");
    const { filter } = this.definition;
    return filter === null ? width : sql`case when ${filter} then ${width} else 0 end`;
  }
}
