import { UsageError } from "../../errors.ts";
import type { Columns, RowOf, Table } from "../../job/columns/table.ts";
import type { SourceDefinition } from "../../job/definition/job-definition.ts";
import { howToBuild, type SqlLike, sqlWithin } from "../../postgres/sql/built-query.ts";
import { bracketed, join, type Sql } from "../../postgres/sql/sql.ts";
import { requireKnownNames } from "../../require-known-names.ts";

interface RowsOptions<C extends Columns, Read extends keyof C> {
  /** the columns that the transform reads; all when absent. The key is always read. */
  readonly read?: readonly Read[];
  /** the scope: a condition for the rows that the job is about */
  readonly where?: SqlLike;
  /** true while a row still has to be done, false once written: lets the run prove that nothing is left */
  readonly pending?: SqlLike;
}

/** The rows of a table in key order, as a job defines them. */
export class TableRows<Row = object> implements SourceDefinition<Row> {
  declare readonly yields?: Row;
  readonly table: Table;
  readonly read: readonly string[];
  readonly where: Sql | null;
  readonly pending: Sql | null;

  constructor(table: Table, read: readonly string[], where: Sql | null, pending: Sql | null) {
    this.table = table;
    this.read = read;
    this.where = where;
    this.pending = pending;
    Object.freeze(this);
  }

  /** `where` and `pending` combined; null when every row is in scope. */
  get filter(): Sql | null {
    const conditions = [this.where, this.pending].filter((condition) => condition !== null);
    return conditions.length === 0 ? null : join(conditions.map(bracketed), " and ");
  }

  describe(): unknown {
    const { schema, name, key, columns } = this.table;
    const types = Object.fromEntries(this.read.map((column) => [column, columns[column]]));
    return { schema, name, key, types, where: describeSql(this.where), pending: describeSql(this.pending) };
  }
}

/** Reads the rows of a table in key order: those that fulfil `where` and are still `pending`. */
export function rowsOf<
  const C extends Columns,
  const K extends string,
  const Read extends keyof C & string = keyof C & string,
>(table: Table<C, K>, options: RowsOptions<C, Read> = {}): TableRows<RowOf<C, Read | (K & keyof C)>> {
  if (table.key.length === 0) {
    throw new UsageError(`rowsOf(${table.name}) cannot order the rows: its description has no key.`, {
      remedy: "Name its primary key in `key`.",
    });
  }
  requireKnownNames(`rowsOf(${table.name})`, options, ["read", "where", "pending"]);
  const conditionOf = (name: "where" | "pending"): Sql | null => {
    const given = options[name] ?? null;
    const condition = sqlWithin(given);
    if (condition !== null || given === null) return condition;
    throw new UsageError(`\`${name}\` of rowsOf(${table.name}) is not SQL.`, { remedy: howToBuild });
  };
  const read = [...new Set<string>([...table.key, ...(options.read ?? Object.keys(table.columns))])];
  const unknown = read.find((column) => !Object.hasOwn(table.columns, column));
  if (unknown !== undefined) {
    throw new UsageError(
      `rowsOf(${table.name}) reads ${unknown}, which is not among the columns of its description.`,
    );
  }
  return new TableRows(table, read, conditionOf("where"), conditionOf("pending"));
}

function describeSql(part: Sql | null): unknown {
  return part === null ? null : part.describe();
}
