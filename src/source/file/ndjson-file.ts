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
 * Reads a UTF-8 file with one JSON object on each line. A relative path starts from the folder where the
 * process was started. Undeclared members are ignored, a missing one is null. Numbers keep every digit, and
 * may also be written as texts.
 */
export function ndjsonFile<const C extends Columns>(
  path: string,
  options: { readonly columns: C },
): NdjsonFile<RowOf<C>> {
  requirePath(path, "ndjsonFile");
  return new NdjsonFile(path, declareColumns(options.columns, `ndjsonFile(${JSON.stringify(path)})`));
}
