import { UsageError } from "../../errors.ts";
import type { Columns, RowOf, Table } from "../../job/columns/table.ts";
import type { SinkDefinition, SqlSinkDefinition } from "../../job/definition/job-definition.ts";
import type { SqlLike } from "../../postgres/sql/built-query.ts";
import type { Sql } from "../../postgres/sql/sql.ts";
import { requireKnownNames } from "../../require-known-names.ts";
import { describeConflict, type OnConflict, requireOnConflict } from "./on-conflict.ts";
import { describeExpressions, requireExpressions } from "./require-expressions.ts";

interface InsertOptions<Name extends string, Kept extends string = never> {
  readonly onConflict?: OnConflict<Name | Kept>;
  /** columns that the target takes from the columns of the source's row with the same names */
  readonly keep?: readonly Kept[];
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
  /** what the transform returns */
  readonly computed: readonly string[];
  /** what the database takes from the source's row */
  readonly kept: readonly string[];
  readonly onConflict: OnConflict | null;
  readonly overridesIdentity: boolean;

  constructor(
    table: Table,
    computed: readonly string[],
    kept: readonly string[],
    { onConflict, overridesIdentity }: InsertRules,
  ) {
    this.table = table;
    this.computed = computed;
    this.kept = kept;
    this.onConflict = onConflict;
    this.overridesIdentity = overridesIdentity;
    Object.freeze(this);
  }

  /** The columns of an inserted row; those that are not named take their defaults. */
  get columns(): readonly string[] {
    return [...this.computed, ...this.kept];
  }

  describe(): unknown {
    const { schema, name, columns } = this.table;
    const types = Object.fromEntries(this.computed.map((column) => [column, columns[column]]));
    const kept = this.kept.length === 0 ? {} : { keep: this.kept };
    return { sink: "insertInto", schema, name, columns: types, ...kept, ...describeRules(this) };
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
  /**
   * Inserts for each row of the source one row, several as an array, or none as an empty array. Columns to
   * `keep` never leave the database.
   */
  <
    const C extends Columns,
    const Names extends keyof C & string,
    const Kept extends keyof C & string = never,
  >(
    table: Table<C, string>,
    columns: readonly Names[],
    options?: InsertOptions<NoInfer<Names>, Kept>,
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
 * @throws UsageError for a column that is named twice or is not in the table's description
 */
export const insertInto: InsertInto = (
  table: Table,
  what: readonly string[] | Readonly<Record<string, SqlLike | undefined>>,
  options: InsertOptions<string, string> = {},
) => {
  const sink = `insertInto(${table.name})`;
  requireKnownNames(sink, options, ["onConflict", "overriding", "keep"]);
  const { onConflict, overriding, keep } = options;
  const named = Array.isArray(what) ? [...new Set(what as readonly string[])] : Object.keys(what);
  const kept = keep === undefined ? [] : requireKept(sink, what, keep);
  const columns = [...named, ...kept];
  requireColumns(sink, table, columns);
  if (overriding !== undefined && overriding !== "system")
    throw new UsageError(`overriding of ${sink} can only be "system".`);
  const rules = {
    onConflict: onConflict === undefined ? null : requireOnConflict(sink, onConflict, columns),
    overridesIdentity: overriding === "system",
  };
  if (Array.isArray(what))
    return new InsertSink(table, named, kept, rules) as InsertSink<never> & SqlInsertSink;
  const expressions = requireExpressions(sink, what as Readonly<Record<string, unknown>>);
  return new SqlInsertSink(table, expressions, rules) as InsertSink<never> & SqlInsertSink;
};

/** What a transform returns is not kept, and an SQL job takes all values from the database anyway. */
function requireKept(sink: string, what: object, keep: readonly string[]): readonly string[] {
  if (!Array.isArray(what)) {
    throw new UsageError(`keep of ${sink} is for jobs with a transform.`, {
      remedy: "In an SQL job write the columns as expressions: { title: sql`title` }.",
    });
  }
  const twice = keep.find((column) => what.includes(column));
  if (twice !== undefined) {
    throw new UsageError(`${sink} names ${twice} both as a column that the transform returns and in keep.`, {
      remedy: "Name it once: in keep, where the target takes it from the source's row.",
    });
  }
  return [...new Set(keep)];
}

function requireColumns(sink: string, table: Table, columns: readonly string[]): void {
  if (columns.length === 0) throw new UsageError(`${sink} names no column.`);
  const unknown = columns.find((column) => !Object.hasOwn(table.columns, column));
  if (unknown !== undefined) {
    throw new UsageError(`${sink} writes ${unknown}, which is not among the columns of its description.`);
  }
}
