import { UsageError } from "../../errors.ts";
import type { Columns, RowOf } from "../../job/columns/table.ts";
import type { SourceDefinition } from "../../job/definition/job-definition.ts";
import { requireKnownNames } from "../../require-known-names.ts";
import { declareColumns, requirePath } from "../columns/declared-columns.ts";

interface CsvOptions<C extends Columns> {
  /** the columns that the transform reads: by name with a header (further columns are ignored), else by position */
  readonly columns: C;
  /** whether the first record names the columns; true by default */
  readonly header?: boolean;
  /** one character; a comma by default */
  readonly delimiter?: string;
  /** the unquoted text that means null in a nullable column; the empty text by default */
  readonly null?: string;
}

/** The records of a CSV file in the file's order, as a job defines them. */
export class CsvFile<Row = object> implements SourceDefinition<Row> {
  declare readonly yields?: Row;
  readonly path: string;
  readonly columns: Columns;
  readonly header: boolean;
  readonly delimiter: string;
  readonly null: string;

  constructor(path: string, options: Required<CsvOptions<Columns>>) {
    this.path = path;
    this.columns = options.columns;
    this.header = options.header;
    this.delimiter = options.delimiter;
    this.null = options.null;
    Object.freeze(this);
  }

  describe(): unknown {
    const { path, columns, header, delimiter } = this;
    return { kind: "csv file", path, columns: Object.entries(columns), header, delimiter, null: this.null };
  }
}

/**
 * Reads a CSV file (RFC 4180, UTF-8, lines end with LF or CRLF; empty lines are ignored). A relative path
 * starts from the folder where the process was started. Values are written as PostgreSQL writes them: `{a,b}`
 * for an array.
 */
export function csvFile<const C extends Columns>(path: string, options: CsvOptions<C>): CsvFile<RowOf<C>> {
  requirePath(path, "csvFile");
  const source = `csvFile(${JSON.stringify(path)})`;
  requireKnownNames(source, options, ["columns", "header", "delimiter", "null"]);
  const { header = true, delimiter = ",", null: nullText = "" } = options;
  if (typeof header !== "boolean") {
    throw new UsageError(`The header of ${source} must be true or false, got ${JSON.stringify(header)}.`, {
      remedy: "Write true if the file's first record names its columns.",
    });
  }
  if (typeof delimiter !== "string" || [...delimiter].length !== 1 || /["\r\n\0]|\p{Cs}/u.test(delimiter)) {
    throw new UsageError(
      `The delimiter of ${source} must be one character, got ${JSON.stringify(delimiter)}.`,
      { remedy: 'Use any character except a quote or a line break: ",", ";", "\\t".' },
    );
  }
  if (typeof nullText !== "string" || /["\r\n]/.test(nullText) || nullText.includes(delimiter)) {
    throw new UsageError(
      `The null of ${source} must be a text that an unquoted field can hold, got ${JSON.stringify(nullText)}.`,
      { remedy: 'PostgreSQL writes "\\\\N"; leave it out where an empty field means null.' },
    );
  }
  const columns = declareColumns(options.columns, source);
  return new CsvFile(path, { columns, header, delimiter, null: nullText });
}
