import type { Columns, RowOf } from "../../job/columns/table.ts";
import type { SourceDefinition } from "../../job/definition/job-definition.ts";
import { declareColumns, requirePath } from "../columns/declared-columns.ts";

/** The objects of an NDJSON file in the file's order, as a job defines them. */
export class NdjsonFile<Row = object> implements SourceDefinition<Row> {
  declare readonly yields?: Row;
  readonly path: string;
  readonly columns: Columns;

  constructor(path: string, columns: Columns) {
    this.path = path;
    this.columns = columns;
    Object.freeze(this);
  }

  describe(): unknown {
    return { kind: "ndjson file", path: this.path, columns: Object.entries(this.columns) };
  }
}

/**
 * Reads a file of JSON objects, one a line, UTF-8. A relative path begins at the folder where the process was started. Members
 * that are not declared are ignored; one that is missing is null. Numbers keep every digit; a text that spells one is as good.
 */
export function ndjsonFile<const C extends Columns>(
  path: string,
  options: { readonly columns: C },
): NdjsonFile<RowOf<C>> {
  requirePath(path, "ndjsonFile");
  return new NdjsonFile(path, declareColumns(options.columns, `ndjsonFile(${JSON.stringify(path)})`));
}
