import { RefusedError } from "../../errors.ts";
import { displayName } from "../../job/columns/table.ts";
import type { Job } from "../../job/definition/define-job.ts";
import { noRejectLimit } from "../../job/definition/reject-limit.ts";
import { changeOf } from "../../postgres/catalog/table-identity.ts";
import { sql } from "../../postgres/sql/sql.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import { lookBriefly } from "../../postgres/transaction/look-briefly.ts";
import type { ImagePart } from "../../sink/images/image-part.ts";
import { readProgress } from "../../store/runs/progress.ts";
import type { NewRun, Run } from "../../store/runs/run.ts";
import { isFinished } from "../../store/runs/run-status.ts";
import { requireSchema } from "../../store/schema/store-schema.ts";
import { type Session, withSession } from "../../store/session.ts";
import type { Store } from "../../store/store.ts";
import { createRun } from "../control/create-run.ts";
import { recordStepsUndone } from "../control/record-steps.ts";
import { connectionsOf, paceOf } from "../options/pace-of.ts";
import { type Participation, participation } from "../options/participation.ts";
import type { StepWorkOptions, WorkOptions } from "../options/work-options.ts";
import { executeRun } from "../process/execute-run.ts";
import { openStepRunner } from "../process/open-step-runner.ts";
import type { RunReport } from "../report/run-report.ts";
import { openLog } from "../undo-log/open-log.ts";
import { indexLog, layoutsOf, needsLookup, undoTables } from "../undo-log/part-layout.ts";
import { isOrdered, isShifted, orderLog } from "./order-log.ts";
import { requireStepsReversible } from "./require-reversible.ts";
import { requireUndoable, whyNot } from "./require-undoable.ts";
import { resumeUndo } from "./resume-undo.ts";
import { undoTask } from "./undo-task.ts";

export interface UndoOptions extends WorkOptions {
  /** the job, where it has steps: its contract steps are undone before the rows */
  readonly job?: Job | undefined;
  /** also undoes the expand steps after the rows, which removes what they added */
  readonly withExpand?: boolean | undefined;
}

/**
 * The run of this number; for a job's name the newest run whose rows were written and not undone. Newer runs
 * that found nothing to do are passed over.
 */
export async function runToUndo({ db, store }: Session, name: string): Promise<Run> {
  const named = await store.runs.require(db, name);
  if (String(named.id) === name || !isFinished(named.status)) return named;
  const [newest] = await store.runs.notUndone(db, named.job, true);
  return newest ?? named;
}

/**
 * Undoes a run. The undo is itself a run: planned, paced, resumable and fenced. `name` is the run's number or
 * the job's name. Rows that were changed since stay as they are and are listed as conflicts.
 * @throws RefusedError when the run cannot be undone
 */
export async function undoRun(name: string, options: UndoOptions = {}): Promise<RunReport> {
  const part = participation(options, false);
  return withSession(`tidefill undo ${name}`, options, connectionsOf(options), async (session) => {
    const { db, store } = session;
    await requireSchema(db, store.schema);
    await store.runs.settle(db, (await store.runs.require(db, name)).job);
    return undo(session, await runToUndo(session, name), options, part);
  });
}

/** Undoes one run, with the steps that have to be undone with it. */
export async function undo(
  session: Session,
  undone: Run,
  options: UndoOptions,
  part: Participation,
): Promise<RunReport> {
  const begun = await unfinishedUndo(session, undone);
  if (begun === null) requireUndoable(undone);
  await undoSteps(session, undone, options);
  if (!undone.hasRows) return recordStepsUndone(session, undone);
  // First undo the later runs that found nothing to do, else they would still say that the job is done. Doing
  // this first survives a kill in between.
  for (const empty of begun === null ? await emptyAfter(session, undone) : []) {
    const report = await undoRows(session, empty, options, part);
    if (!isWhole(report)) return report;
  }
  const report =
    begun === null
      ? await undoRows(session, undone, options, part)
      : await resumeUndo(session, begun, options, { ...part, isResumed: true });
  if (options.withExpand === true && options.job !== undefined && isWhole(report))
    await undoExpand(session, options.job, options);
  return report;
}

/** Whether an undo is complete: no row is left that could not be restored. */
export function isWhole({ status, rows }: RunReport): boolean {
  return status === "succeeded" && rows.rejected + rows.swallowed === 0;
}

/** The unfinished undo of this run, or this run if it is one: `tidefill undo` typed again goes on with it. */
async function unfinishedUndo({ db, store }: Session, run: Run): Promise<Run | null> {
  const last = await store.runs.latest(db, run.job);
  if (last === null || last.kind !== "undo" || isFinished(last.status)) return null;
  return last.id === run.id || last.ofRun === run.id ? last : null;
}

async function undoRows(
  session: Session,
  undone: Run,
  options: UndoOptions,
  part: Participation,
): Promise<RunReport> {
  const { db, store } = session;
  const log = await openLog(session, undone, options);
  // Check before the undo begins: an undo that cannot work would block the job's next run.
  const layouts = await lookBriefly(db, (briefly) =>
    briefly.transaction((tx) => layoutsOf(tx, undone.undoParts)),
  );
  const undo = await begin(session, undone, options, async (tx) => {
    if (needsLookup(undone)) await indexLog(tx, store, undone, undone.undoParts);
    const [first] = layouts;
    if (first === undefined || (await isOrdered(tx, store, undone.id))) return;
    if (await isShifted(tx, log, layouts)) await orderLog(tx, store, undone.id, first.layout);
  });
  return executeRun(session, undo, await undoTask(session, undo, options), part);
}

/** The later runs of the job that wrote nothing, newest first. */
async function emptyAfter({ db, store }: Session, { id, job }: Run): Promise<Run[]> {
  const empty = await store.runs.notUndone(db, job, false);
  return empty.filter((run) => run.id > id && run.status === "succeeded" && whyNot(run) === null);
}

/** Undoes the contract steps before the rows; for a run without rows also the expand steps. */
async function undoSteps(session: Session, run: Run, options: UndoOptions): Promise<void> {
  const { db, store } = session;
  const known = await store.steps.known(db, run.job);
  const isNeeded =
    known.some(({ phase }) => phase === "contract" || options.withExpand === true) || !run.hasRows;
  if (!isNeeded) return;
  const { job } = options;
  if (job === undefined)
    throw new RefusedError(
      "steps-can-be-undone",
      `The steps of ${run.job} have to be undone too, but its job file was not found.`,
      "Name the folder of your jobs with --jobs.",
    );
  await requireStepsReversible(session, job, {
    ...options,
    withExpand: options.withExpand === true || !run.hasRows,
  });
  await openStepRunner(session, { job, phase: "contract" }, options).down();
  if (!run.hasRows) await undoExpand(session, job, options);
}

/** Undoes the expand steps, which removes what they added, with all values in it. */
async function undoExpand(session: Session, job: Job, options: StepWorkOptions): Promise<number> {
  return openStepRunner(session, { job, phase: "expand" }, options).down();
}

/** Long enough to index many million images. No other session uses the log. */
const longestIndexMs = 3_600_000;

/** Creates the run that undoes another. */
async function begin(
  session: Session,
  undone: Run,
  options: UndoOptions,
  prepareLog: (tx: Transaction) => Promise<void>,
): Promise<Run> {
  const { db, store } = session;
  const { undoParts: parts, job, id, writes } = undone;
  const { written } = await readProgress(db, store.schema, id);
  const describe = async (tx: Transaction): Promise<NewRun> => {
    // Since the last look the log may have been purged, or the run undone.
    requireUndoable(await store.runs.lock(tx, id));
    await awaitGhosts(tx, store, id);
    await requireAddresses(tx, undone, parts);
    await prepareLog(tx);
    return {
      job,
      kind: "undo",
      ofRun: id,
      writes,
      session: undone.session,
      rejectLimit: noRejectLimit,
      code: { definition: "undo", files: {}, tables: tablesOf(parts) },
      keyFingerprint: "undo",
      tableFingerprint: "undo",
      tables: await undoTables(tx, store, undone),
      estimatedRows: written,
      estimatedWalk: written,
      pace: paceOf(options),
    };
  };
  const limits = { statementMs: longestIndexMs, wholeMs: longestIndexMs };
  return createRun(session, describe, { details: { undone: String(id) }, limits });
}

/** Rows without a key are found by their addresses, which a table's rewrite changes. @throws RefusedError */
async function requireAddresses(tx: Transaction, undone: Run, parts: readonly ImagePart[]): Promise<void> {
  const named = parts.flatMap((part) => [part, ...(part.into === null ? [] : [part.into])]);
  for (const { schema, table } of named.filter(({ key }) => key === null)) {
    const before = undone.tables.find((each) => each.schema === schema && each.name === table);
    if (before === undefined || (await changeOf(tx, before, true)) === null) continue;
    throw new RefusedError(
      "rows-lie-where-they-lay",
      `${table} was rewritten since run ${undone.id} inserted into it. The job names no key for its rows, so they cannot be found again. Nothing was changed.`,
      "Delete what this run inserted by hand. Before the next run, name the table's key in its description.",
    );
  }
}

/** The tables of the images, and those that rows were moved to. */
function tablesOf(parts: readonly ImagePart[]): string[] {
  return parts.flatMap((part) =>
    [part, part.into]
      .filter((each) => each !== null)
      .map(({ schema, table }) => displayName({ schema, name: table })),
  );
}

// A backend whose client vanished may still be committing a batch of a run that was cancelled since.
async function awaitGhosts(tx: Transaction, store: Store, run: bigint): Promise<void> {
  await tx.query(sql`select pg_catalog.count(*) from (
      select from ${store.schema.table("range")} where run_id = ${run}::bigint for update
    ) as locked`);
}
