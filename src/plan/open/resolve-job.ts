import { UsageError } from "../../errors.ts";
import { displayName, type Table } from "../../job/columns/table.ts";
import type { BoundJob, Job } from "../../job/definition/define-job.ts";
import { DeleteSink } from "../../sink/definitions/delete-from.ts";
import { InsertSink, SqlInsertSink } from "../../sink/definitions/insert.ts";
import { MoveSink, SqlMoveSink } from "../../sink/definitions/move.ts";
import { SqlUpdateSink, UpdateSink } from "../../sink/definitions/update.ts";
import { CsvFile } from "../../source/file/csv-file.ts";
import { NdjsonFile } from "../../source/file/ndjson-file.ts";
import { InlineRows } from "../../source/inline/inline-rows.ts";
import { TableRows } from "../../source/table/table-rows.ts";

export type AnySource = TableRows<unknown> | InlineRows<unknown> | CsvFile<unknown> | NdjsonFile<unknown>;

export type AnySink =
  | UpdateSink<unknown>
  | SqlUpdateSink
  | InsertSink<unknown>
  | SqlInsertSink
  | DeleteSink
  | MoveSink<unknown>
  | SqlMoveSink;

/** A job's source and sink, both made by tidefill and fitting each other. @throws UsageError otherwise */
export function resolveJob(
  job: Job,
  { source, sink }: BoundJob,
): { readonly source: AnySource; readonly sink: AnySink } {
  if (!isSource(source)) {
    throw new UsageError(`The source of job ${job.name} is not one that tidefill made.`, {
      remedy: "Use rowsOf(table, …), rows([…]), csvFile(…) or ndjsonFile(…).",
    });
  }
  if (!isSink(sink)) {
    throw new UsageError(`The sink of job ${job.name} is not one that tidefill made.`, {
      remedy: "Use update(table, …), insertInto(table, …), deleteFrom(table) or move(table, insertInto(…)).",
    });
  }
  const isSql = sink instanceof SqlUpdateSink || sink instanceof SqlInsertSink || sink instanceof SqlMoveSink;
  if (!(sink instanceof DeleteSink) && isSql !== (job.kind === "sql job")) {
    throw new UsageError(`The sink of job ${job.name} does not fit a ${job.kind}.`, {
      remedy: "Name columns in defineJob; write SQL expressions in defineSqlJob.",
    });
  }
  requireOwnTable(job, source, sink);
  return { source, sink };
}

/** The table whose rows the sink changes in place; null for a sink that only inserts. */
export function changedTable(sink: AnySink): Table | null {
  return sink instanceof InsertSink || sink instanceof SqlInsertSink ? null : sink.table;
}

/**
 * How the rows that a sink writes are met again after they were read. An update meets the version that was
 * read, so a transform holds no lock. Rows that are deleted, or whose columns are kept, are locked, and so is
 * everything where the role may not read versions.
 */
export function meetingOf(sink: AnySink, mayReadVersions: boolean): "lock" | "version" | null {
  const isUpdate = sink instanceof UpdateSink || sink instanceof SqlUpdateSink;
  if (isUpdate && mayReadVersions) return "version";
  if (sink instanceof InsertSink && sink.kept.length > 0) return "lock";
  return changedTable(sink) === null ? null : "lock";
}

/** The sink's insert, or null. */
export function insertOf(sink: AnySink): InsertSink<unknown> | SqlInsertSink | null {
  if (sink instanceof MoveSink || sink instanceof SqlMoveSink) return sink.into;
  return sink instanceof InsertSink || sink instanceof SqlInsertSink ? sink : null;
}

/** The columns that the sink takes from the source's row inside the database. */
export function keptOf(sink: AnySink): readonly string[] {
  const insert = insertOf(sink);
  return insert instanceof InsertSink ? insert.kept : [];
}

function requireOwnTable(job: Job, source: AnySource, sink: AnySink): void {
  if (!(source instanceof TableRows)) {
    if (job.kind === "sql job") {
      throw new UsageError(
        `The SQL job ${job.name} reads a source that is not a table: its rows are never in the database.`,
        {
          remedy: "Use defineJob with a transform.",
        },
      );
    }
    if (sink instanceof InsertSink && sink.kept.length > 0) {
      throw new UsageError(`Job ${job.name} keeps columns, but its source is not a table in the database.`, {
        remedy: "Return these columns from the transform, and name them in insertInto.",
      });
    }
    if (changedTable(sink) === null) return;
    throw new UsageError(`The source of job ${job.name} is not a table, so it has no rows to change.`, {
      remedy: 'Use insertInto(table, columns, { onConflict: { target, do: "update", columns } }).',
    });
  }
  const insert = insertOf(sink);
  if (insert !== null && displayName(insert.table) === displayName(source.table) && source.filter === null) {
    throw new UsageError(
      `Job ${job.name} inserts into ${displayName(source.table)}, which it reads: it would read what it has inserted, endlessly.`,
      {
        remedy: "Give rowsOf a `where` or a `pending` that is false for every inserted row.",
      },
    );
  }
  const changed = changedTable(sink);
  if (changed !== null && displayName(changed) !== displayName(source.table)) {
    throw new UsageError(
      `Job ${job.name} reads ${displayName(source.table)} and changes ${displayName(changed)}: a sink changes the rows that were read.`,
    );
  }
}

function isSource(source: unknown): source is AnySource {
  return [TableRows, InlineRows, CsvFile, NdjsonFile].some((kind) => source instanceof kind);
}

function isSink(sink: unknown): sink is AnySink {
  const kinds = [UpdateSink, SqlUpdateSink, InsertSink, SqlInsertSink, DeleteSink, MoveSink, SqlMoveSink];
  return kinds.some((kind) => sink instanceof kind);
}
