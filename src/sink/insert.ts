import { UsageError } from "../errors.ts";
import type { SinkDefinition, SqlSinkDefinition } from "../job/job-definition.ts";
import type { Columns, RowOf, Table } from "../job/table.ts";
import type { SqlLike } from "../postgres/built-query.ts";
import type { Sql } from "../postgres/sql.ts";
import { describeExpressions, requireExpressions } from "./expressions.ts";

/** What becomes of a row that meets another with the same values in `target`, the columns of a unique constraint. */
export type OnConflict<Name extends string = string> =
  /** the row that is there stays; the other is counted as conflicted */
  | { readonly target: readonly Name[]; readonly do: "nothing" }
  /** these columns of the row that is there take the new values; counted as conflicted too */
  | { readonly target: readonly Name[]; readonly do: "update"; readonly columns: readonly Name[] }
  /** the source row is kept aside as a reject */
  | { readonly target: readonly Name[]; readonly do: "reject" };

interface InsertOptions<Name extends string> {
  readonly onConflict?: OnConflict<Name>;
}

/** Inserts what a transform answers; made by `insertInto`. */
export class InsertSink<Row = object> implements SinkDefinition<Row> {
  declare readonly takes?: Row;
  readonly table: Table;
  readonly columns: readonly string[];
  readonly onConflict: OnConflict | null;

  constructor(table: Table, columns: readonly string[], onConflict: OnConflict | null) {
    this.table = table;
    this.columns = columns;
    this.onConflict = onConflict;
    Object.freeze(this);
  }

  describe(): unknown {
    const { schema, name, columns } = this.table;
    const types = Object.fromEntries(this.columns.map((column) => [column, columns[column]]));
    return { sink: "insertInto", schema, name, columns: types, onConflict: this.onConflict };
  }
}

/** Inserts SQL expressions over the source's rows; made by `insertInto` with expressions. */
export class SqlInsertSink implements SqlSinkDefinition {
  readonly table: Table;
  readonly expressions: Readonly<Record<string, Sql>>;
  readonly onConflict: OnConflict | null;

  constructor(table: Table, expressions: Readonly<Record<string, Sql>>, onConflict: OnConflict | null) {
    this.table = table;
    this.expressions = expressions;
    this.onConflict = onConflict;
    Object.freeze(this);
  }

  get columns(): readonly string[] {
    return Object.keys(this.expressions);
  }

  describe(): unknown {
    const { schema, name } = this.table;
    return {
      sink: "insertInto",
      schema,
      name,
      expressions: describeExpressions(this.expressions),
      onConflict: this.onConflict,
    };
  }
}

interface InsertInto {
  /** Inserts one row, several as an array, or none as an empty one, for each row of the source. */
  <const C extends Columns, const Names extends keyof C & string>(
    table: Table<C, string>,
    columns: readonly Names[],
    options?: InsertOptions<NoInfer<Names>>,
  ): InsertSink<RowOf<C, Names> | readonly RowOf<C, Names>[]>;
  /** Inserts one row of SQL expressions for each row of the source. */
  <const C extends Columns>(
    table: Table<C, string>,
    expressions: Readonly<Partial<Record<keyof C & string, SqlLike>>>,
    options?: InsertOptions<keyof C & string>,
  ): SqlInsertSink;
}

/**
 * Inserts into a table: what the transform answers in `defineJob`, SQL expressions over the source in `defineSqlJob`.
 * Columns that are not named take their defaults.
 */
export const insertInto: InsertInto = (
  table: Table,
  what: readonly string[] | Readonly<Record<string, SqlLike | undefined>>,
  { onConflict }: InsertOptions<string> = {},
) => {
  const columns = Array.isArray(what) ? (what as readonly string[]) : Object.keys(what);
  requireColumns(table, columns, onConflict);
  const conflict = onConflict === undefined ? null : Object.freeze({ ...onConflict });
  if (Array.isArray(what))
    return new InsertSink(table, [...new Set(columns)], conflict) as InsertSink<never> & SqlInsertSink;
  const expressions = requireExpressions(
    `insertInto(${table.name})`,
    what as Readonly<Record<string, unknown>>,
  );
  return new SqlInsertSink(table, expressions, conflict) as InsertSink<never> & SqlInsertSink;
};

function requireColumns(table: Table, columns: readonly string[], onConflict: OnConflict | undefined): void {
  const sink = `insertInto(${table.name})`;
  if (columns.length === 0) throw new UsageError(`${sink} names no column.`);
  const unknown = columns.find((column) => !Object.hasOwn(table.columns, column));
  if (unknown !== undefined) {
    throw new UsageError(`${sink} writes ${unknown}, which is not among the columns of its description.`);
  }
  if (onConflict === undefined) return;
  const updated = onConflict.do === "update" ? onConflict.columns : [];
  if (onConflict.target.length === 0 || (onConflict.do === "update" && updated.length === 0)) {
    throw new UsageError(`onConflict of ${sink} names no column.`, {
      remedy: 'Write onConflict: { target: ["email"], do: "nothing" }, or do: "update" with its columns.',
    });
  }
  const absent = [...onConflict.target, ...updated].find((column) => !columns.includes(column));
  if (absent !== undefined) {
    throw new UsageError(`onConflict of ${sink} names ${absent}, which the sink does not insert.`);
  }
}
