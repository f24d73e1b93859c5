import { UsageError } from "../../errors.ts";
import type { Table } from "../../job/columns/table.ts";
import type { SinkDefinition, SqlSinkDefinition } from "../../job/definition/job-definition.ts";
import { InsertSink, SqlInsertSink } from "./insert.ts";

/** Inserts what the transform returns and deletes its source row, both or neither; made by `move`. */
export class MoveSink<Row = object> implements SinkDefinition<Row> {
  declare readonly takes?: Row;
  readonly table: Table;
  readonly into: InsertSink<Row>;
  readonly columns: readonly string[] = [];

  constructor(table: Table, into: InsertSink<Row>) {
    this.table = table;
    this.into = into;
    Object.freeze(this);
  }

  describe(): unknown {
    const { schema, name } = this.table;
    return { sink: "move", schema, name, into: this.into.describe() };
  }
}

/** The same with SQL expressions; made by `move`. */
export class SqlMoveSink implements SqlSinkDefinition {
  readonly table: Table;
  readonly into: SqlInsertSink;
  readonly columns: readonly string[] = [];

  constructor(table: Table, into: SqlInsertSink) {
    this.table = table;
    this.into = into;
    Object.freeze(this);
  }

  get expressions(): Readonly<Record<string, unknown>> {
    return this.into.expressions;
  }

  describe(): unknown {
    const { schema, name } = this.table;
    return { sink: "move", schema, name, into: this.into.describe() };
  }
}

interface Move {
  <Row>(from: Table, into: InsertSink<Row>): MoveSink<Row>;
  (from: Table, into: SqlInsertSink): SqlMoveSink;
}

/**
 * Moves the rows of the source: `into` receives what the transform or the expressions make of a row, and the
 * row is deleted `from` its table in the same transaction. A row that meets one in the target stays where it
 * is and becomes a reject.
 */
export const move: Move = <Row>(from: Table, into: InsertSink<Row> | SqlInsertSink) => {
  if (!(into instanceof InsertSink || into instanceof SqlInsertSink)) {
    throw new UsageError(`move(${from.name}) does not name a target.`, {
      remedy: "Write move(source, insertInto(target, …)).",
    });
  }
  if (into.onConflict !== null) {
    throw new UsageError(
      `move(${from.name}) cannot have an onConflict: a row that did not arrive must not be deleted.`,
      {
        remedy: "Leave it out: a row that meets another one stays where it is and becomes a reject.",
      },
    );
  }
  return (
    into instanceof InsertSink ? new MoveSink(from, into) : new SqlMoveSink(from, into)
  ) as MoveSink<Row> & SqlMoveSink;
};
