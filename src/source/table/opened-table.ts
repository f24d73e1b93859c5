import { ColumnCodec } from "../../job/columns/column-codec.ts";
import { carried } from "../../postgres/catalog/carried-text.ts";
import type { Bounds, Key } from "../../postgres/catalog/key.ts";
import { type Column, qualifiedName, type Relation } from "../../postgres/catalog/relation.ts";
import type { TriggerGuard } from "../../postgres/catalog/trigger-guard.ts";
import { join, quoteIdentifier, raw, type Sql, sql } from "../../postgres/sql/sql.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import {
  BadRecord,
  type ReadableSource,
  type ReadColumn,
  type RowVersions,
  type TextRow,
} from "../readable-source.ts";
import { KeyWalk } from "./key-walk.ts";
import { TableRows } from "./table-rows.ts";
import { fetchable, mostBytes, tooLargeColumn } from "./too-large-column.ts";

/** What happens to the rows of a table besides reading them. */
export interface TableUse {
  /** the rows travel to the client, so their bytes are measured */
  readonly travels: boolean;
  /** how the rows that were read are met again when they are written; null where they are only read */
  readonly metBy: "lock" | { readonly versionUnless: TriggerGuard } | null;
}

/** A table as a source, with what the catalogue says about it: the statements that read it. */
export class OpenedTable implements ReadableSource {
  readonly definition: TableRows<unknown>;
  readonly relation: Relation;
  readonly key: Key;
  readonly walk: KeyWalk;
  readonly columns: readonly ReadColumn[];
  readonly #use: TableUse;
  readonly #listOf: ((bounds: Bounds) => Sql) | null;
  readonly #tooLarge: Sql | null;
  readonly versions?: RowVersions;

  constructor(
    definition: TableRows<unknown>,
    relation: Relation,
    key: Key,
    walkFilter: Sql | null,
    use: TableUse,
    listOf: ((bounds: Bounds) => Sql) | null = null,
  ) {
    this.#listOf = listOf;
    this.definition = definition;
    this.relation = relation;
    this.key = key;
    this.#use = use;
    this.columns = definition.read.map((name, at) => ({
      name,
      at,
      codec: new ColumnCodec(name, definition.table.columns[name] ?? ""),
    }));
    this.#tooLarge = tooLargeColumn(key.alias, this.#readColumns);
    if (use.metBy !== null && use.metBy !== "lock") this.versions = this.#versions(use.metBy.versionUnless);
    this.walk = new KeyWalk(relation, key, walkFilter, use.travels ? this.#width() : null, definition.filter);
  }

  /** The same table with only the rows of a list in scope; `listOf` is a query for the keys of a batch. */
  onlyListed(listOf: (bounds: Bounds) => Sql): OpenedTable {
    return new OpenedTable(this.definition, this.relation, this.key, null, this.#use, listOf);
  }

  /** The same table with all rows in scope. */
  withAllRows(): OpenedTable {
    const { table, read } = this.definition;
    return new OpenedTable(new TableRows(table, read, null, null), this.relation, this.key, null, this.#use);
  }

  get keyWidth(): number {
    return this.key.columns.length;
  }

  read(
    tx: Transaction,
    bounds: Bounds,
    portion: () => number,
  ): AsyncGenerator<readonly (TextRow | BadRecord)[]> {
    return this.#read(tx, this.readStatement(bounds), portion);
  }

  readUnlocked(
    tx: Transaction,
    bounds: Bounds,
    portion: () => number,
  ): AsyncGenerator<readonly (TextRow | BadRecord)[]> {
    return this.#read(tx, this.#statement(this.condition(bounds), false), portion);
  }

  async *#read(
    tx: Transaction,
    statement: Sql,
    portion: () => number,
  ): AsyncGenerator<readonly (TextRow | BadRecord)[]> {
    const portions = tx.read(statement, portion);
    const marker = this.#tooLarge === null ? null : this.columns.length;
    for await (const rows of portions) {
      yield marker === null ? rows : rows.map((row) => this.#orTooLarge(row, row[marker] ?? null));
    }
  }

  #orTooLarge(row: TextRow, column: string | null): TextRow | BadRecord {
    if (column === null) return row;
    const key = row.slice(0, this.keyWidth).map((text) => text ?? "");
    return new BadRecord(
      key,
      `${column} is too large to read: more than ${mostBytes / 1_000_000} MB as text. An SQL job can process this row`,
    );
  }

  get #readColumns(): readonly Column[] {
    return this.columns.flatMap(({ name }) => this.relation.columns.find((each) => each.name === name) ?? []);
  }

  #versions(updates: TriggerGuard): RowVersions {
    return {
      updates,
      readLocked: (tx, bounds, portion) =>
        this.#read(tx, this.#statement(this.condition(bounds), true), portion),
      at: this.columns.length + (this.#tooLarge === null ? 0 : 1),
      readAgain: (tx, bounds, keys, portion) => {
        const condition = sql`${this.condition(bounds)}
        and ${this.key.among(keys)}`;
        return this.#read(tx, this.#statement(condition, true), portion);
      },
    };
  }

  /** The rows of a batch in key order. Rows that are locked may still be referred to. */
  readStatement(bounds: Bounds): Sql {
    return this.#statement(this.condition(bounds), this.#use.metBy === "lock");
  }

  #statement(condition: Sql, isLocked: boolean): Sql {
    const { alias } = this.key;
    const tooLarge = this.#tooLarge === null ? [] : [sql`${this.#tooLarge} as tidefill_too_large`];
    const versions = this.versions === undefined ? [] : [raw(`${alias}.ctid, ${alias}.xmin`)];
    const lock = isLocked
      ? raw(`
      for no key update of ${alias}`)
      : raw("");
    return sql`select ${join([this.valuesOf(this.columns.map(({ name }) => name)), ...tooLarge, ...versions])}
      from ${qualifiedName(this.relation)} as ${raw(alias)}
      where ${condition}
      order by ${this.key.list}${lock}`;
  }

  /** Columns as a transform reads them, each under its own name. */
  valuesOf(names: readonly string[]): Sql {
    const values = names.map((name) => {
      const reference = `${this.key.alias}.${quoteIdentifier(name)}`;
      const column = this.relation.columns.find((each) => each.name === name);
      if (column === undefined) return reference;
      const value = fetchable(reference, column, carried(column, reference));
      return value === reference ? value : `${value} as ${quoteIdentifier(name)}`;
    });
    return raw(values.join(", "));
  }

  /** The condition that a row is in scope and within the bounds. */
  condition(bounds: Bounds): Sql {
    const { filter } = this.definition;
    const listed = this.#listOf === null ? null : this.#isAmong(this.#listOf(bounds));
    const conditions = [this.key.within(bounds), listed, filter].filter((each) => each !== null);
    return join(conditions, " and ");
  }

  #isAmong(list: Sql): Sql {
    const names = this.key.columns.map(({ name }) => `tidefill_listed.${quoteIdentifier(name)}`);
    return sql`exists (
        select from (${list}) as tidefill_listed
        where ${this.key.equals(names)})`;
  }

  // The bytes of a value in transit, without fetching it: octet_length takes the length of a text or bytea
  // stored out of line from its pointer. For other types only the compressed size on disk is known.
  #width(): Sql | null {
    const large = this.columns
      .map(({ name }) => this.relation.columns.find((column) => column.name === name))
      .filter((column): column is Column => column?.isToastable === true);
    if (large.length === 0) return null;
    const widths = large.map((column) => {
      const reference = `${this.key.alias}.${quoteIdentifier(column.name)}`;
      // A bytea travels as hexadecimal digits, two for each byte.
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
