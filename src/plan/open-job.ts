import { createHash } from "node:crypto";
import { RefusedError, UsageError } from "../errors.ts";
import type { BoundJob, Job } from "../job/definition/define-job.ts";
import { definitionFingerprint } from "../job/definition/fingerprint.ts";
import { readKey } from "../postgres/catalog/key-index.ts";
import { mayReadVersions } from "../postgres/catalog/may-read-versions.ts";
import type { Relation } from "../postgres/catalog/relation.ts";
import { TriggerGuard } from "../postgres/catalog/trigger-guard.ts";
import type { Database, Transaction } from "../postgres/transaction/database.ts";
import { lookBriefly } from "../postgres/transaction/look-briefly.ts";
import { OpenedTable, type TableUse } from "../source/table/opened-table.ts";
import { TableRows } from "../source/table/table-rows.ts";
import { checkJob, checkOpened } from "./check-job.ts";
import { keptColumnsFit } from "./checks/kept-columns-fit.ts";
import { keyIsNotPersonal } from "./checks/key-is-not-personal.ts";
import { scopeIsSaid } from "./checks/scope-is-said.ts";
import type { Refusal } from "./open/check.ts";
import { chooseWalkFilter } from "./open/choose-walk.ts";
import { type Estimate, estimateRows } from "./open/estimate.ts";
import { findTable } from "./open/find-table.ts";
import { type OpenedOutside, openOutside } from "./open/open-outside.ts";
import { openWrite } from "./open/open-write.ts";
import type { OpenedJob } from "./open/opened-job.ts";
import { orRefuse } from "./open/or-refuse.ts";
import {
  type AnySink,
  type AnySource,
  changedTable,
  insertOf,
  keptOf,
  meetingOf,
  resolveJob,
} from "./open/resolve-job.ts";
import { writtenTables } from "./open/written-tables.ts";

/** Reads from the catalogue everything about a job. @throws RefusedError with the reasons not to start */
export async function openJob(db: Database, job: Job, parameters: object): Promise<OpenedJob> {
  const opening = await tryToOpenJob(db, job, parameters);
  if (opening.opened !== null) return opening.opened;
  const [first, ...rest] = opening.refusals;
  const more = rest.map(({ message, remedy }) => `\n${message}\n→ ${remedy}`).join("");
  throw new RefusedError(first?.check ?? "unknown", `${first?.message}${more}`, first?.remedy ?? "");
}

/** Checks what needs no database, and so can be reported before the first step. @throws RefusedError */
export function requireScope(job: Job, parameters: object): void {
  if (job.kind === "steps") return;
  const { source } = resolveJob(job, job.bind(parameters));
  const [refusal] = source instanceof TableRows ? scopeIsSaid(job.name, source) : [];
  if (refusal !== undefined) throw new RefusedError(refusal.check, refusal.message, refusal.remedy);
}

/** The same, but returns refusals instead of throwing, so that a plan can show them. */
export async function tryToOpenJob(
  db: Database,
  job: Job,
  parameters: object,
  attempts?: number,
): Promise<{ readonly opened: OpenedJob | null; readonly refusals: readonly Refusal[] }> {
  const bound = job.bind(parameters);
  const parts = resolveJob(job, bound);
  const opening = parts.source instanceof TableRows ? null : await openOutside(parts.source);
  const look = (briefly: Database) =>
    briefly.transaction(async (tx) => {
      const tables = await openTables(tx, job, parts);
      if (tables.refusals.length > 0) return { opened: null, refusals: tables.refusals };
      const opened = await assemble(tx, { job, parameters, bound, parts }, tables, opening);
      const refusals = await orRefuse(() => checkOpened(tx, opened));
      return { opened: refusals.length === 0 ? opened : null, refusals };
    });
  return lookBriefly(db.withSettings(job.session), look, attempts);
}

interface Parts {
  readonly source: AnySource;
  readonly sink: AnySink;
}

interface Tables {
  readonly refusals: readonly Refusal[];
  readonly from: Relation | null;
  readonly into: Relation | null;
}

const notNamed = { relation: null, refusals: [] } as const;

/** The tables that a job reads and inserts into, with the refusals of every check. */
async function openTables(tx: Transaction, job: Job, { source, sink }: Parts): Promise<Tables> {
  const insert = insertOf(sink);
  const foundFrom = source instanceof TableRows ? await findTable(tx, source.table) : notNamed;
  const foundInto = insert === null ? notNamed : await findTable(tx, insert.table);
  const [from, into] = [foundFrom.relation, foundInto.relation];
  const missing = [...foundFrom.refusals, ...foundInto.refusals];
  if (missing.length > 0) return { refusals: missing, from, into };
  const described =
    source instanceof TableRows ? [...keyIsNotPersonal(source.table), ...scopeIsSaid(job.name, source)] : [];
  if (described.length > 0) return { refusals: described, from, into };
  const refusals: Refusal[] = [];
  if (source instanceof TableRows && from !== null) {
    const written = changedTable(sink) === null ? [] : sink.columns;
    const verb = changedTable(sink) === null ? null : written.length > 0 ? "update" : "delete";
    const subject = {
      tx,
      job,
      table: source.table,
      relation: from,
      read: source.read,
      written,
      verb,
      overwrites: false,
    } as const;
    refusals.push(...(await checkJob(subject, "source")));
  }
  if (insert !== null && into !== null) {
    const subject = {
      tx,
      job,
      table: insert.table,
      relation: into,
      read: [],
      written: insert.columns,
      overwrites: insert.onConflict?.do === "update",
      conflict: insert.onConflict,
      overridesIdentity: insert.overridesIdentity,
    } as const;
    refusals.push(...(await checkJob({ ...subject, verb: "insert" }, "target")));
    if (from !== null) refusals.push(...(await keptColumnsFit(tx, from, into, sink)));
  }
  return { refusals, from, into };
}

/** A job with its parameters, resolved into its parts. */
interface Resolved {
  readonly job: Job;
  readonly parameters: object;
  readonly bound: BoundJob;
  readonly parts: Parts;
}

async function assemble(
  tx: Transaction,
  { job, parameters, bound, parts }: Resolved,
  { from, into }: Tables,
  outside: OpenedOutside | null,
): Promise<OpenedJob> {
  const { source, sink } = parts;
  const use = { travels: job.kind === "row job", metBy: await metBy(tx, sink, from) };
  const table = source instanceof TableRows && from !== null ? await openTable(tx, source, from, use) : null;
  const readable = table ?? outside;
  if (readable === null) throw new UsageError(`The source of job ${job.name} cannot be opened.`);
  const write = await openWrite(tx, bound, sink, { table, into });
  const order =
    table === null ? (outside?.fingerprint ?? "") : hash([from?.schema, from?.name, table.key.columns]);
  return {
    job,
    parameters,
    source: readable,
    table,
    write,
    writes: writtenTables(sink, from, into),
    estimate: table === null ? estimateOutside(outside) : await orRefuse(() => estimateRows(tx, table)),
    hasPending: table !== null && table.definition.pending !== null,
    isPersonal: isPersonal(job, parts),
    keyFingerprint: order,
    tableFingerprint: fingerprintTables(parts, from, into),
    definitionFingerprint: definitionFingerprint(job, bound),
    scopeFingerprint: scopeFingerprint(job, bound, parts.sink, parameters),
  };
}

/** How the rows of the source are met again when they are written. */
async function metBy(tx: Transaction, sink: AnySink, from: Relation | null): Promise<TableUse["metBy"]> {
  if (from === null) return null;
  const meeting = meetingOf(sink, await mayReadVersions(tx, from));
  if (meeting !== "version") return meeting;
  return { versionUnless: await TriggerGuard.openForUpdates(tx, from) };
}

async function openTable(
  tx: Transaction,
  source: TableRows<unknown>,
  relation: Relation,
  use: TableUse,
): Promise<OpenedTable> {
  const key = await readKey(tx, relation, source.table.key);
  const walkFilter = await orRefuse(() => chooseWalkFilter(tx, source, relation, key));
  return new OpenedTable(source, relation, key, walkFilter, use);
}

function estimateOutside(outside: OpenedOutside | null): Estimate {
  const rows = outside?.estimate() ?? 0;
  return { rows, walk: rows };
}

/** Whether a job is about persons, according to its definition alone. */
export function isAboutPersons(job: Job, parameters: object): boolean {
  return job.kind !== "steps" && isPersonal(job, resolveJob(job, job.bind(parameters)));
}

/** Whether a job is about persons: it says so, or the description of a column that it uses does. */
function isPersonal(job: Job, { source, sink }: Parts): boolean {
  const insert = insertOf(sink);
  const touched = [
    ...(source instanceof TableRows ? source.read.map((column) => [source.table, column] as const) : []),
    ...(changedTable(sink) === null ? [] : sink.columns.map((column) => [sink.table, column] as const)),
    ...(insert === null ? [] : insert.columns.map((column) => [insert.table, column] as const)),
  ];
  return job.personalData || touched.some(([table, column]) => table.personalData.includes(column));
}

// Columns that the job does not use may change while it runs.
function fingerprintTables({ source, sink }: Parts, from: Relation | null, into: Relation | null): string {
  const insert = insertOf(sink);
  return hash([
    source instanceof TableRows && from !== null
      ? columnsThat(from, [...source.table.key, ...source.read, ...sink.columns, ...keptOf(sink)])
      : null,
    insert !== null && into !== null ? columnsThat(into, insert.columns) : null,
  ]);
}

function scopeFingerprint({ contract }: Job, bound: BoundJob, sink: AnySink, parameters: object): string {
  const texts = JSON.stringify(parameters, (_, value: unknown) =>
    typeof value === "bigint" ? `${value}n` : value,
  );
  const dropped = contract.flatMap((step) => (/^drop (column|table)$/.test(step.kind) ? [step.name] : []));
  return hash([bound.source.describe(), sink.columns, texts, ...dropped]);
}

function columnsThat(relation: Relation, used: readonly string[]): unknown {
  const columns = relation.columns
    .filter((column) => used.includes(column.name))
    .map((column) => [column.name, column.displayType, column.isNullable, column.isGenerated]);
  return [relation.schema, relation.name, relation.kind, columns];
}

function hash(essence: unknown): string {
  return createHash("sha256").update(JSON.stringify(essence)).digest("hex");
}
