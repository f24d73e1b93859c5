import { UsageError } from "../../errors.ts";
import type { Columns, RowOf, Table } from "../../job/columns/table.ts";
import type { SinkDefinition, SqlSinkDefinition } from "../../job/definition/job-definition.ts";
import type { SqlLike } from "../../postgres/sql/built-query.ts";
import type { Sql } from "../../postgres/sql/sql.ts";
import { describeExpressions, requireExpressions } from "./require-expressions.ts";

/** Writes named columns of the rows that were read; made by `update`. */
export class UpdateSink<Row = object> implements SinkDefinition<Row> {
  declare readonly takes?: Row;
  readonly table: Table;
  readonly columns: readonly string[];

  constructor(table: Table, columns: readonly string[]) {
    this.table = table;
    this.columns = columns;
    Object.freeze(this);
  }

  describe(): unknown {
    const { schema, name, columns } = this.table;
    return {
      sink: "update",
      schema,
      name,
      columns: Object.fromEntries(this.columns.map((column) => [column, columns[column]])),
    };
  }
}

/** Sets columns to SQL expressions; made by `update` with expressions. */
export class SqlUpdateSink implements SqlSinkDefinition {
  readonly table: Table;
  readonly expressions: Readonly<Record<string, Sql>>;

  constructor(table: Table, expressions: Readonly<Record<string, Sql>>) {
    this.table = table;
    this.expressions = expressions;
    Object.freeze(this);
  }

  get columns(): readonly string[] {
    return Object.keys(this.expressions);
  }

  describe(): unknown {
    const { schema, name } = this.table;
    return { sink: "update", schema, name, expressions: describeExpressions(this.expressions) };
  }
}

type Writable<C extends Columns, K extends string> = Exclude<keyof C & string, K>;

interface Update {
  /** Writes these columns with what the transform returns. */
  <const C extends Columns, const K extends string, const Names extends Writable<C, K>>(
    table: Table<C, K>,
    columns: readonly Names[],
  ): UpdateSink<RowOf<C, Names>>;
  /** Sets these columns to SQL expressions over the row. */
  <const C extends Columns, const K extends string>(
    table: Table<C, K>,
    expressions: Readonly<Partial<Record<Writable<C, K>, SqlLike>>>,
  ): SqlUpdateSink;
}

/**
 * Updates the rows that the source read: with named columns in `defineJob`, with SQL expressions in
 * `defineSqlJob`. Other columns are never written, and a row that would not change is not written at all.
 */
export const update: Update = (
  table: Table,
  what: readonly string[] | Readonly<Record<string, SqlLike | undefined>>,
) => {
  const columns = Array.isArray(what) ? (what as readonly string[]) : Object.keys(what);
  if (columns.length === 0) throw new UsageError(`update(${table.name}) names no column.`);
  for (const column of columns) {
    if (!Object.hasOwn(table.columns, column)) {
      throw new UsageError(
        `update(${table.name}) writes ${column}, which is not among the columns of its description.`,
      );
    }
    if (table.key.includes(column)) {
      throw new UsageError(
        `update(${table.name}) writes ${column}, a column of the key by which its rows are found.`,
        {
          remedy: "Order the rows by another unique key, or change keys by hand.",
        },
      );
    }
  }
  if (Array.isArray(what))
    return new UpdateSink(table, [...new Set(columns)]) as UpdateSink<never> & SqlUpdateSink;
  return new SqlUpdateSink(
    table,
    requireExpressions(`update(${table.name})`, what as Readonly<Record<string, unknown>>),
  ) as UpdateSink<never> & SqlUpdateSink;
};
