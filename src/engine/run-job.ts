import { RefusedError, UsageError } from "../errors.ts";
import type { Job } from "../job/define-job.ts";
import { type Duration, parseDuration } from "../job/duration.ts";
import { type GivenParameters, parametersToJson, readParameters, requireKept } from "../job/parameters.ts";
import { openJob } from "../plan/open-job.ts";
import type { OpenedJob } from "../plan/opened-job.ts";
import { createPool } from "../postgres/connect.ts";
import { Database } from "../postgres/database.ts";
import { sql } from "../postgres/sql.ts";
import { isFinished } from "../store/run-status.ts";
import type { Run } from "../store/runs.ts";
import { installSchema, requireSchema } from "../store/schema.ts";
import { Store } from "../store/store.ts";
import type { EventListener } from "./events.ts";
import { executeRun } from "./execute-run.ts";
import type { RunReport } from "./run-report.ts";

/** How to reach the database, and how this process works. */
export interface WorkOptions {
  /** `postgres://…`; when absent, `DATABASE_URL`, else libpq's `PG*` variables */
  readonly connectionString?: string | undefined;
  /** the schema of tidefill's own tables; `tidefill` when absent */
  readonly schema?: string | undefined;
  /** ranges worked on at a time, each on a connection of its own; 4 when absent */
  readonly workers?: number | undefined;
  /** how long a worker that vanished keeps its range; 10 seconds when absent */
  readonly lease?: Duration | undefined;
  /** ends the current batches and gives the leases back */
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: EventListener | readonly EventListener[] | undefined;
  /** hashes of the files that the job was made of, by name; the command line gives them */
  readonly files?: Readonly<Record<string, string>> | undefined;
  /** rejects after which the run stops; the job's own limit when absent */
  readonly rejectLimit?: number | undefined;
}

export interface RunOptions extends WorkOptions {
  readonly parameters?: GivenParameters | undefined;
  /** run it although it has succeeded before */
  readonly again?: boolean | undefined;
}

export interface ResumeOptions extends WorkOptions {
  /** go on although the job or the table has changed since the run began */
  readonly acceptChanges?: boolean | undefined;
}

const defaultWorkers = 4;
const defaultLease = "10s";

/**
 * Runs a job to its end, or until it is stopped; installs tidefill's schema when it is missing.
 * Answers a report for every outcome that a run can have. @throws RefusedError, UsageError when no run was started
 */
export async function runJob(job: Job, options: RunOptions = {}): Promise<RunReport> {
  const given = options.parameters ?? {};
  const part = participation(job, options, false);
  const parameters = await readParameters(job.parameters, given);
  await requireKept(job.parameters, given);
  return withDatabase(job.name, options, async (db, store) => {
    const opened = await openJob(db, job, parameters);
    await installSchema(db, store.schema);
    await store.runs.settle(db, job.name);
    const latest = await store.runs.latest(db, job.name);
    if (latest?.status === "succeeded" && options.again !== true) throw alreadySucceeded(latest);
    const id = await store.runs.create(db, {
      job: job.name,
      parameters: parametersToJson(job.parameters, given),
      rejectLimit: options.rejectLimit ?? job.rejectLimit,
      code: { definition: opened.definitionFingerprint, files: options.files ?? {} },
      keyFingerprint: opened.keyFingerprint,
      tableFingerprint: opened.tableFingerprint,
      estimatedRows: Math.round(opened.estimate.rows),
      estimatedWalk: Math.round(opened.estimate.walk),
    });
    const run = await store.runs.require(db, String(id));
    return executeRun(db, store, run, opened, part);
  });
}

/** Goes on with an unfinished run, or joins it while others work on it; `name` is its number or the job's name. */
export async function resumeRun(job: Job, name: string, options: ResumeOptions = {}): Promise<RunReport> {
  const part = participation(job, options, true);
  return withDatabase(job.name, options, async (db, store) => {
    await requireSchema(db, store.schema);
    await store.runs.settle(db, job.name);
    const run = await store.runs.require(db, name);
    if (run.job !== job.name)
      throw new UsageError(`Run ${run.id} is of the job ${run.job}, not of ${job.name}.`);
    if (isFinished(run.status)) throw finishedAlready(run);
    const parameters = await readParameters(job.parameters, run.parameters);
    const opened = await openJob(db, job, parameters);
    await acceptOrRefuse(db, store, run, opened, options);
    const current = await store.runs.require(db, String(run.id));
    return executeRun(db, store, current, opened, part);
  });
}

async function acceptOrRefuse(
  db: Database,
  store: Store,
  run: Run,
  opened: OpenedJob,
  options: ResumeOptions,
): Promise<void> {
  if (run.keyFingerprint !== opened.keyFingerprint) throw orderedOtherwise(run);
  const code = { definition: opened.definitionFingerprint, files: options.files ?? {} };
  const changes = changesSince(run, code, opened.tableFingerprint);
  if (changes.length > 0 && options.acceptChanges !== true) {
    throw new RefusedError(
      "nothing-changed-since",
      `Run ${run.id} of ${run.job} began with something else: since then ${changes.join("; ")}. Rows done so far were done the old way.`,
      `If that is right: tidefill resume ${run.job} --accept-changes   otherwise restore it, or tidefill cancel ${run.job}`,
    );
  }
  await store.runs.set(db, run.id, {
    ...(changes.length > 0
      ? { code: sql`${JSON.stringify(code)}::jsonb`, table_fingerprint: sql`${opened.tableFingerprint}` }
      : {}),
    ...(options.rejectLimit === undefined ? {} : { reject_limit: sql`${options.rejectLimit}` }),
  });
}

function changesSince(run: Run, code: Run["code"], tableFingerprint: string): string[] {
  const files = Object.keys({ ...run.code.files, ...code.files });
  // Without files on either side (a run from code) only the definition can be compared.
  const comparable = Object.keys(run.code.files).length > 0 && Object.keys(code.files).length > 0;
  const changed = comparable ? files.filter((file) => run.code.files[file] !== code.files[file]) : [];
  return [
    ...(changed.length > 0 ? [`${changed.join(", ")} changed`] : []),
    ...(changed.length === 0 && run.code.definition !== code.definition
      ? ["the job's definition changed"]
      : []),
    ...(run.tableFingerprint === tableFingerprint
      ? []
      : ["the columns that it uses changed in the database"]),
  ];
}

async function withDatabase<T>(
  job: string,
  options: WorkOptions,
  work: (db: Database, store: Store) => Promise<T>,
): Promise<T> {
  const workers = workersOf(options);
  const pool = createPool({
    connectionString: options.connectionString,
    applicationName: `tidefill ${job}`,
    // one for each worker, and two for planning, heartbeats and progress
    maxConnections: workers + 2,
  });
  const db = new Database(pool);
  try {
    return await work(db, new Store(options.schema));
  } finally {
    // A connection that hangs is not waited for.
    await Promise.race([db.close(), new Promise((resolve) => setTimeout(resolve, 3_000).unref())]);
  }
}

function participation(job: Job, options: WorkOptions, isResumed: boolean) {
  const { onEvent = [] } = options;
  return {
    workers: workersOf(options),
    leaseMs: leaseOf(options),
    batchTimeMs: job.batchTimeMs,
    isResumed,
    signal: options.signal,
    listeners: typeof onEvent === "function" ? [onEvent] : onEvent,
  };
}

function leaseOf({ lease = defaultLease }: WorkOptions): number {
  const milliseconds = parseDuration(lease);
  if (milliseconds >= 500 && milliseconds <= 3_600_000) return milliseconds;
  throw new UsageError(`A lease must last from 500ms to 1h, got ${lease}.`, {
    remedy: "Shorter takes over sooner from a worker that vanished; 10s suits most.",
  });
}

function workersOf({ workers = defaultWorkers }: WorkOptions): number {
  if (Number.isInteger(workers) && workers >= 1 && workers <= 64) return workers;
  throw new UsageError(`The number of workers must be a whole number from 1 to 64, got ${workers}.`);
}

function orderedOtherwise(run: Run): RefusedError {
  return new RefusedError(
    "order-is-unchanged",
    `The key of ${run.job} is ordered otherwise than when run ${run.id} began: its type, its collation or its labels changed. What is done cannot be told from what is not.`,
    `Start anew: tidefill cancel ${run.job}   then tidefill run ${run.job}, which does the rows that are pending`,
  );
}

function alreadySucceeded(run: Run): RefusedError {
  return new RefusedError(
    "not-done-already",
    `The job ${run.job} has succeeded already: run ${run.id}, finished ${run.finishedAt}.`,
    `To run it once more: tidefill run ${run.job} --again`,
  );
}

function finishedAlready(run: Run): RefusedError {
  return new RefusedError(
    "run-is-unfinished",
    `Run ${run.id} of ${run.job} has ended (${run.status}); there is nothing to resume.`,
    `To run the job once more: tidefill run ${run.job} --again`,
  );
}
