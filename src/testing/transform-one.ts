import { JobError, UsageError } from "../errors.ts";
import type { Job, Transform } from "../job/definition/define-job.ts";
import { type GivenParameters, readParameters } from "../job/definition/parameters.ts";
import { Verdict } from "../job/definition/verdict.ts";
import { type AnySink, insertOf, resolveJob } from "../plan/open/resolve-job.ts";
import { RowEncoder } from "../sink/write/row-encoder.ts";
import { rowAsRead } from "./row-as-read.ts";

export interface TransformOptions {
  readonly parameters?: GivenParameters | undefined;
}

type PlainRow = Readonly<Record<string, unknown>>;

/**
 * Calls a job's transform on one row, without a database, and answers what a run would write: the row (or
 * rows) as its columns take them, `{}` for a row that is deleted, or the verdict of `skip()` and
 * `reject(reason)`. Throws what the transform throws. @throws ColumnValueError for a value that its column
 * cannot take: a run rejects it
 */
export async function transformOne(
  job: Job,
  row: PlainRow,
  { parameters = {} }: TransformOptions = {},
): Promise<PlainRow | readonly PlainRow[] | Verdict> {
  const read = await readParameters(job.parameters, parameters);
  const bound = job.bind(read);
  const { source, sink } = resolveJob(job, bound);
  if (bound.transform === null) throw noTransform(job);
  const answer = await call(bound.transform, rowAsRead(job, source, row), read);
  if (answer instanceof Verdict) return answer;
  const written = writer(sink);
  return Array.isArray(answer) && insertOf(sink) !== null ? answer.map(written) : written(answer);
}

async function call(transform: Transform, row: object, parameters: object): Promise<unknown> {
  const over = new AbortController();
  try {
    return await transform(row, { parameters, signal: over.signal, idempotencyKey: "test", attempt: 1 });
  } finally {
    over.abort();
  }
}

/** Turns what the transform answers into the row that is written. */
function writer(sink: AnySink): (answer: unknown) => PlainRow {
  const target = insertOf(sink) ?? sink;
  const encoder = target.columns.length === 0 ? null : new RowEncoder(target.table.columns, target.columns);
  return (answer) => {
    if (typeof answer !== "object" || answer === null || Array.isArray(answer))
      throw new JobError("The transform returned neither a row nor skip() nor reject().");
    if (encoder === null) return {};
    const texts = encoder.encode(answer);
    return Object.fromEntries(
      target.columns.map((name, index) => [name, encoder.codec(name).decode(texts[index] ?? null)]),
    );
  };
}

function noTransform({ name }: Job): UsageError {
  return new UsageError(`${name} is an SQL job: only a database can compute its values.`, {
    remedy: "Run it on a few rows: await withDatabase((database) => runJobInTest(job, { database }))",
  });
}
