import { UsageError } from "../errors.ts";
import { ColumnCodec, ColumnValueError } from "../job/columns/column-codec.ts";
import type { Job } from "../job/definition/define-job.ts";
import type { AnySource } from "../plan/open/resolve-job.ts";
import { ColumnInput } from "../source/columns/column-input.ts";
import { TableRows } from "../source/table/table-rows.ts";

/**
 * A row as the job's source would yield it: only its columns, each by way of PostgreSQL's text.
 * @throws UsageError
 */
export function rowAsRead(
  { name }: Job,
  source: AnySource,
  row: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const { columns } = source instanceof TableRows ? source.table : source;
  const read = source instanceof TableRows ? source.read : Object.keys(columns);
  const unread = Object.keys(row).find((column) => !read.includes(column));
  if (unread !== undefined)
    throw new UsageError(`The row has ${unread}, which the source of ${name} does not read.`, {
      remedy: "A run's transform would not see it: leave it out, or let the source read it.",
    });
  return Object.fromEntries(
    read.map((column) => [column, valueAsRead(column, columns[column] ?? "", row[column])]),
  );
}

function valueAsRead(column: string, type: string, value: unknown): unknown {
  const codec = new ColumnCodec(column, type);
  try {
    const text = codec.encode(value);
    return codec.decode(text === null ? null : new ColumnInput(column, type).fromText(text));
  } catch (cause) {
    if (!(cause instanceof ColumnValueError)) throw cause;
    const given =
      value === undefined ? "is missing" : `cannot be this ${value === null ? "null" : typeof value}`;
    throw new UsageError(`The row's ${column} (${type}) ${given}.`, {
      remedy:
        "Give what a transform sees: a bigint as 1n, numeric and timestamps as text, JSON as its value.",
      cause,
    });
  }
}
