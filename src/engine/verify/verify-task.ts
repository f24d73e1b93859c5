import { UsageError } from "../../errors.ts";
import { mainTable, type OpenedJob } from "../../plan/open/opened-job.ts";
import { requireIdentity, type TableIdentity } from "../../postgres/catalog/table-identity.ts";
import type { Queryable } from "../../postgres/transaction/database.ts";
import { HeapTables } from "../../source/table/heap-tables.ts";
import { keyPlaces } from "../../source/table/key-places.ts";
import { KeyWalk } from "../../source/table/key-walk.ts";
import type { OpenedTable } from "../../source/table/opened-table.ts";
import type { Run } from "../../store/runs/run.ts";
import type { Session } from "../../store/session.ts";
import type { Store } from "../../store/store.ts";
import type { BatchWork } from "../batch/batch-work.ts";
import type { RunTask } from "../batch/run-task.ts";
import { type CallHome, callHomeOf } from "../calls/call-home.ts";
import { KeptTransform } from "../calls/kept-transform.ts";
import { RowAnswers } from "../rows/row-answers.ts";
import { RowTransform } from "../rows/row-transform.ts";
import { undoKeyOf } from "../undo-log/encryption.ts";
import { undoTables } from "../undo-log/part-layout.ts";
import { LogComparison, useOfLog } from "./log-comparison.ts";
import { RowComparison, type Transforming } from "./row-comparison.ts";
import { SqlComparison } from "./sql-comparison.ts";

/**
 * The work of a verify: finds the rows by their addresses instead of the key's index, and computes again what
 * should be there. Writes only to tidefill's own tables.
 */
export async function verifyTask(session: Session, verify: Run, opened: OpenedJob): Promise<RunTask> {
  const { db, store } = session;
  const { table, source, write, job, parameters, isPersonal } = opened;
  const heap = table === null || verify.isPartial ? null : await HeapTables.open(db, table.relation);
  const places = heap ?? (table === null ? null : keyPlaces(table));
  const rejects = verify.ofRun === null ? null : { table: store.schema.table("reject"), run: verify.ofRun };
  let work: BatchWork;
  if (write.kind === "rows") {
    const comparing = write.sink.comparing;
    if (comparing === null) throw notComparable(job.name);
    const limits = { holdMs: 60_000, isPersonal };
    const transform =
      job.calls === null
        ? new RowTransform(source, write.sink, write.transform, parameters, limits)
        : await keptTransform(session, verify, opened, new RowAnswers(source, write.sink, isPersonal));
    work = new RowComparison({ source, table, places, transform, comparing, rejects });
  } else {
    const comparing = write.sink.comparing;
    if (comparing === null || table === null || places === null) throw notComparable(job.name);
    work = new SqlComparison({ table, places, comparing, rejects });
  }
  // Without the scope, since done rows are no longer in it but are compared.
  const byKey = table === null ? source.walk : new KeyWalk(table.relation, table.key, null, null);
  const logged = heap === null ? null : await withLog(session, verify, heap, { table, work });
  return {
    walk: logged?.walk ?? heap ?? byKey,
    work: logged ?? work,
    pace: job.pace,
    throttles: job.throttles,
    sweeping: { hasPending: false, triesConstraints: false, retries: null },
    ofRejects: null,
    relation: mainTable(opened),
    writes: [],
    guards: [],
  };
}

/** The transform of a job with `calls`, by the answers that the compared run keeps. */
async function keptTransform(
  session: Session,
  { ofRun }: Run,
  opened: OpenedJob,
  rowAnswers: RowAnswers,
): Promise<Transforming> {
  const { db, store } = session;
  const homes: CallHome[] = [];
  // A run that tries rejects again keeps only their answers.
  for (let id = ofRun; id !== null; ) {
    const run: Run | null = await store.runs.find(db, id);
    if (run === null) break;
    const home = await readableHome(session, run, opened);
    if (home !== null) homes.push(home);
    id = run.ofRun;
  }
  return new KeptTransform(db, rowAnswers, homes);
}

/** Where the answers of a run are that can be read; without the key, the rest is still worth a verify. */
async function readableHome(session: Session, run: Run, opened: OpenedJob): Promise<CallHome | null> {
  const isReadable =
    run.answersKeptMs !== null && (run.answers !== "encrypted" || undoKeyOf({}) !== undefined);
  return isReadable ? callHomeOf(session, run, opened, {}) : null;
}

/**
 * The tables whose row addresses are the checkpoints: the job's table, and the undo log if it is compared.
 */
export async function verifyTables(
  db: Queryable,
  store: Store,
  { table }: OpenedJob,
  run: Run | null,
): Promise<readonly TableIdentity[]> {
  if (table === null) return [];
  const source = await requireIdentity(db, table.relation);
  const logs = run === null || useOfLog(run, table) === null ? [] : await undoTables(db, store, run);
  return [source, ...logs];
}

/** The work, followed by the compared run's undo log; null where the job still finds all rows of the run. */
async function withLog(
  { db, store }: Session,
  { ofRun }: Run,
  heap: HeapTables,
  { table, work }: { readonly table: OpenedTable | null; readonly work: BatchWork },
): Promise<LogComparison | null> {
  const run = ofRun === null ? null : await store.runs.find(db, ofRun);
  if (run === null || table === null) return null;
  const use = useOfLog(run, table);
  if (use === null) return null;
  const session = { db: db.withSettings(run.session), store };
  return LogComparison.open(session, { run, use, source: table }, heap, work);
}

/** Refuses a verify that could compare nothing. @throws UsageError */
export function requireComparable({ job, write }: OpenedJob): void {
  if (write.sink.comparing === null) throw notComparable(job.name);
}

function notComparable(job: string): UsageError {
  return new UsageError(`Rows inserted by ${job} have no unique key, so verify cannot compare them.`, {
    remedy:
      "Insert the target's key, give insertInto an onConflict with a target, or add an `integrity` query.",
  });
}
