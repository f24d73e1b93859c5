import { createHash } from "node:crypto";
import { RefusedError, UsageError } from "../errors.ts";
import type { BoundJob, Job } from "../job/define-job.ts";
import { definitionFingerprint } from "../job/fingerprint.ts";
import { displayName } from "../job/table.ts";
import { findRelation, type Relation } from "../postgres/catalog.ts";
import type { Database, Transaction } from "../postgres/database.ts";
import type { Key } from "../postgres/key.ts";
import { readKey } from "../postgres/key-index.ts";
import { SqlUpdateSink, UpdateSink } from "../sink/update.ts";
import { UpdateBySql } from "../sink/update-by-sql.ts";
import { UpdateRows } from "../sink/update-rows.ts";
import { OpenedSource } from "../source/opened-source.ts";
import { TableRows } from "../source/table-rows.ts";
import { checkJob } from "./check-job.ts";
import type { Refusal } from "./checks/check.ts";
import { readsByAnIndex } from "./checks/reads-by-an-index.ts";
import { chooseWalkFilter } from "./choose-walk.ts";
import { estimateRows } from "./estimate.ts";
import type { OpenedJob, OpenedWrite } from "./opened-job.ts";

/** Asks the catalogue everything about a job. @throws RefusedError with the first reason not to start */
export async function openJob(db: Database, job: Job, parameters: object): Promise<OpenedJob> {
  const opening = await tryToOpenJob(db, job, parameters);
  if (opening.opened !== null) return opening.opened;
  const [first, ...others] = opening.refusals;
  const more = others.map((refusal) => `\n${refusal.message}`).join("");
  throw new RefusedError(first?.check ?? "unknown", `${first?.message}${more}`, first?.remedy ?? "");
}

/** The same without throwing for refusals, so that a plan can show them. */
export async function tryToOpenJob(
  db: Database,
  job: Job,
  parameters: object,
): Promise<{ readonly opened: OpenedJob | null; readonly refusals: readonly Refusal[] }> {
  const bound = job.bind(parameters);
  const { source, sink } = takeApart(job, bound);
  return db.transaction(async (tx) => {
    const relation = await findRelation(tx, source.table);
    if (relation === null) return { opened: null, refusals: [noSuchTable(displayName(source.table))] };
    const subject = { tx, job, table: source.table, relation, read: source.read, written: sink.columns };
    const refusals = await checkJob(subject);
    if (refusals.length > 0) return { opened: null, refusals };
    const key = await readKey(tx, relation, source.table.key);
    const opened = await assemble(tx, job, parameters, bound, relation, key);
    const byIndex = await orRefuse(() => readsByAnIndex(tx, opened));
    return { opened: byIndex.length === 0 ? opened : null, refusals: byIndex };
  });
}

async function assemble(
  tx: Transaction,
  job: Job,
  parameters: object,
  bound: BoundJob,
  relation: Relation,
  key: Key,
): Promise<OpenedJob> {
  const { source, sink } = takeApart(job, bound);
  const walkFilter = await orRefuse(() => chooseWalkFilter(tx, source, relation, key));
  const opened = new OpenedSource(source, relation, key, walkFilter, job.kind === "row job");
  return {
    job,
    parameters,
    source: opened,
    write: openWrite(bound, sink, source, relation, key),
    written: sink.columns,
    estimate: await orRefuse(() => estimateRows(tx, opened)),
    keyFingerprint: hash([relation.schema, relation.name, key.columns]),
    tableFingerprint: fingerprintTable(relation, key, [...source.read, ...sink.columns]),
    definitionFingerprint: definitionFingerprint(job, bound),
  };
}

function openWrite(
  bound: BoundJob,
  sink: UpdateSink<unknown> | SqlUpdateSink,
  source: TableRows<unknown>,
  relation: Relation,
  key: Key,
): OpenedWrite {
  if (sink instanceof SqlUpdateSink) {
    return { kind: "sql", sink: new UpdateBySql(relation, key, sink.expressions, source.pending) };
  }
  if (bound.transform === null)
    throw new UsageError("A job that writes columns needs a transform: use defineJob.");
  const types = source.table.columns;
  return {
    kind: "rows",
    sink: new UpdateRows(relation, key, { ...types, ...sink.table.columns }, sink.columns, source.pending),
    transform: bound.transform,
  };
}

function takeApart(job: Job, bound: BoundJob) {
  const { source, sink } = bound;
  if (!(source instanceof TableRows)) {
    throw new UsageError(`The source of job ${job.name} is not one that tidefill made.`, {
      remedy: "Use rowsOf(table, …).",
    });
  }
  if (!(sink instanceof UpdateSink || sink instanceof SqlUpdateSink)) {
    throw new UsageError(`The sink of job ${job.name} is not one that tidefill made.`, {
      remedy: "Use update(table, …).",
    });
  }
  if (sink instanceof SqlUpdateSink !== (job.kind === "sql job")) {
    throw new UsageError(`The sink of job ${job.name} does not fit a ${job.kind}.`, {
      remedy: "Name columns in defineJob; give SQL expressions in defineSqlJob.",
    });
  }
  if (displayName(sink.table) !== displayName(source.table)) {
    throw new UsageError(
      `Job ${job.name} reads ${displayName(source.table)} and updates ${displayName(sink.table)}: an update writes the rows that were read.`,
    );
  }
  return { source, sink };
}

function noSuchTable(name: string): Refusal {
  return {
    check: "relation-is-a-table",
    message: `There is no table ${name} in this database, or not in the search path.`,
    remedy: "Check the connection and the name; write schema.table for one outside of the search path.",
  };
}

/** A mistake in the job's own SQL is the author's to mend, not an error of the run. */
async function orRefuse<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Error) || !("code" in error) || !/^(42|22)/.test(String(error.code))) throw error;
    throw new RefusedError(
      "sql-is-valid",
      `PostgreSQL does not accept the SQL of this job: ${error.message}.`,
      "Correct `where`, `pending` or the expressions of the job.",
    );
  }
}

// Columns that the job does not name may come and go while it runs.
function fingerprintTable(relation: Relation, key: Key, used: readonly string[]): string {
  const columns = relation.columns
    .filter((column) => used.includes(column.name))
    .map((column) => [column.name, column.displayType, column.isNullable, column.isGenerated]);
  return hash([relation.schema, relation.name, relation.kind, key.columns, columns]);
}

function hash(essence: unknown): string {
  return createHash("sha256").update(JSON.stringify(essence)).digest("hex");
}
