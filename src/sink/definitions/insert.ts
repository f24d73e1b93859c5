import { UsageError } from "../../errors.ts";
import type { Columns, RowOf, Table } from "../../job/columns/table.ts";
import type { SinkDefinition, SqlSinkDefinition } from "../../job/definition/job-definition.ts";
import type { SqlLike } from "../../postgres/sql/built-query.ts";
import type { Sql } from "../../postgres/sql/sql.ts";
import { describeConflict, type OnConflict, requireOnConflict } from "./on-conflict.ts";
import { describeExpressions, requireExpressions } from "./require-expressions.ts";

interface InsertOptions<Name extends string> {
  readonly onConflict?: OnConflict<Name>;
  /** "system" when the job supplies the values of inserted columns that are `generated always as identity` */
  readonly overriding?: "system";
}

/** The options of both kinds of insert. */
interface InsertRules {
  readonly onConflict: OnConflict | null;
  readonly overridesIdentity: boolean;
}

/** Inserts what a transform returns; made by `insertInto`. */
export class InsertSink<Row = object> implements SinkDefinition<Row> {
  declare readonly takes?: Row;
  readonly table: Table;
  readonly columns: readonly string[];
  readonly onConflict: OnConflict | null;
  readonly overridesIdentity: boolean;

  constructor(table: Table, columns: readonly string[], { onConflict, overridesIdentity }: InsertRules) {
    this.table = table;
    this.columns = columns;
    this.onConflict = onConflict;
    this.overridesIdentity = overridesIdentity;
    Object.freeze(this);
  }

  describe(): unknown {
    const { schema, name, columns } = this.table;
    const types = Object.fromEntries(this.columns.map((column) => [column, columns[column]]));
    return { sink: "insertInto", schema, name, columns: types, ...describeRules(this) };
  }
}

/** Inserts SQL expressions over the source's rows; made by `insertInto` with expressions. */
export class SqlInsertSink implements SqlSinkDefinition {
  readonly table: Table;
  readonly expressions: Readonly<Record<string, Sql>>;
  readonly onConflict: OnConflict | null;
  readonly overridesIdentity: boolean;

  constructor(
    table: Table,
    expressions: Readonly<Record<string, Sql>>,
    { onConflict, overridesIdentity }: InsertRules,
  ) {
    this.table = table;
    this.expressions = expressions;
    this.onConflict = onConflict;
    this.overridesIdentity = overridesIdentity;
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
      ...describeRules(this),
    };
  }
}

function describeRules({ onConflict, overridesIdentity }: InsertRules): object {
  return {
    onConflict: describeConflict(onConflict),
    ...(overridesIdentity ? { overriding: "system" } : {}),
  };
}

interface InsertInto {
  /** Inserts for each row of the source one row, several as an array, or none as an empty array. */
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
 * Inserts into a table: what the transform returns in `defineJob`, SQL expressions over the source in
 * `defineSqlJob`. Columns that are not named take their defaults.
 */
export const insertInto: InsertInto = (
  table: Table,
  what: readonly string[] | Readonly<Record<string, SqlLike | undefined>>,
  { onConflict, overriding }: InsertOptions<string> = {},
) => {
  const sink = `insertInto(${table.name})`;
  const columns = Array.isArray(what) ? (what as readonly string[]) : Object.keys(what);
  requireColumns(sink, table, columns);
  if (overriding !== undefined && overriding !== "system")
    throw new UsageError(`overriding of ${sink} can only be "system".`);
  const rules = {
    onConflict: onConflict === undefined ? null : requireOnConflict(sink, onConflict, columns),
    overridesIdentity: overriding === "system",
  };
  if (Array.isArray(what))
    return new InsertSink(table, [...new Set(columns)], rules) as InsertSink<never> & SqlInsertSink;
  const expressions = requireExpressions(sink, what as Readonly<Record<string, unknown>>);
  return new SqlInsertSink(table, expressions, rules) as InsertSink<never> & SqlInsertSink;
};

function requireColumns(sink: string, table: Table, columns: readonly string[]): void {
  if (columns.length === 0) throw new UsageError(`${sink} names no column.`);
  const unknown = columns.find((column) => !Object.hasOwn(table.columns, column));
  if (unknown !== undefined) {
    throw new UsageError(`${sink} writes ${unknown}, which is not among the columns of its description.`);
  }
}
