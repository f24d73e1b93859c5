import type { Table } from "../../job/columns/table.ts";
import type { SinkDefinition, SqlSinkDefinition } from "../../job/definition/job-definition.ts";

/** Deletes the rows that were read; made by `deleteFrom`, for a row job or an SQL job. */
export class DeleteSink implements SinkDefinition<object>, SqlSinkDefinition {
  declare readonly takes?: object;
  readonly table: Table;
  readonly columns: readonly string[] = [];
  readonly expressions = {};

  constructor(table: Table) {
    this.table = table;
    Object.freeze(this);
  }

  describe(): unknown {
    const { schema, name } = this.table;
    return { sink: "deleteFrom", schema, name };
  }
}

/**
 * Deletes rows of the source: in `defineSqlJob` all rows in scope, in `defineJob` those for which the
 * transform returns a row (the one that it got, or any other object); `skip()` keeps a row.
 */
export function deleteFrom(table: Table): DeleteSink {
  return new DeleteSink(table);
}
