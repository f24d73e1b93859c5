import type { OpenedJob } from "../../plan/open/opened-job.ts";
import type { Bounds } from "../../postgres/catalog/key.ts";
import { type Sql, sql } from "../../postgres/sql/sql.ts";
import { ListedKeys, listedKeys } from "../../source/listed-keys.ts";
import { keyOfPlaces, ListedPlaces } from "../../source/listed-places.ts";
import type { ReadableSource } from "../../source/readable-source.ts";
import { passing } from "../../store/rejects/rejects.ts";
import type { Run } from "../../store/runs/run.ts";
import { hadTooManyRejects } from "../../store/runs/run-status.ts";
import type { Session } from "../../store/session.ts";
import type { RunTask } from "../batch/run-task.ts";
import { callHomeOf } from "../calls/call-home.ts";
import { jobTask, type Kept, openWork, taskOfWork } from "../job-work/job-task.ts";
import { rejectSweep } from "../job-work/reject-sweep.ts";
import { retryBatch } from "../job-work/retry-batch.ts";
import type { UndoKeyOption } from "../options/work-options.ts";
import { chooseAnswers } from "../undo-log/choose-answers.ts";
import { encryptionOf, undoKeyOf } from "../undo-log/encryption.ts";

/** The work of a job's run: over all rows, or over the listed rejects where the run tries those again. */
export async function openTask(
  session: Session,
  run: Run,
  opened: OpenedJob,
  options: UndoKeyOption,
): Promise<RunTask> {
  const { db, store } = session;
  const isLogged = run.undoLog === "plain" || run.undoLog === "encrypted";
  const encryption = run.undoLog === "encrypted" ? await encryptionOf(db, run.id, undoKeyOf(options)) : null;
  const log = isLogged ? { table: store.undoLogs.table(run.id), encryption } : null;
  const asking = await withAnswers(session, run, opened, options);
  const kept = { log, calls: await callHomeOf(session, asking, opened, options) };
  if (run.ofRun === null) return wholeTask(session, run, opened, kept);
  const key = opened.table?.key ?? keyOfPlaces(opened.source.keyWidth);
  const list = store.schema.table("retry");
  const walk = new ListedKeys(key, list, sql`listed.run_id = ${run.id}::bigint`);
  const table = opened.table?.onlyListed((bounds) => walk.listOf(bounds)) ?? null;
  const source =
    table ?? new ListedPlaces(opened.source, walk, await placesBefore(session, run.id, opened.source), key);
  const task = await jobTask(db, { ...opened, table, source }, kept);
  const work = retryBatch(task.work, { table: list, run: run.id }, key, walk);
  // The rows of the list are tried only once.
  return { ...task, work, walk, sweeping: { ...task.sweeping, triesConstraints: false } };
}

/** A run that began before its job had `calls` gets a place for answers when it is resumed. */
async function withAnswers(
  { db, store }: Session,
  run: Run,
  opened: OpenedJob,
  options: UndoKeyOption,
): Promise<Run> {
  if (opened.job.calls === null || run.answers !== "none") return run;
  const { answers = "none", answersKeptMs = null } = await chooseAnswers(db, opened, options);
  await db.transaction(async (tx) => {
    const locked = await store.runs.lock(tx, run.id);
    if (locked.answers !== "none") return;
    const isEncrypted = answers === "encrypted";
    await store.answers.create(tx, run.id, run.job, { isEncrypted, adopts: false });
    await store.runs.set(tx, run.id, {
      answers: sql`${answers}`,
      answers_kept_ms: sql`${answersKeptMs}::bigint`,
    });
  });
  return store.runs.get(db, run.id);
}

/** The work of a run over all rows. Its sweeps delete the rejects that they have done. */
async function wholeTask({ db, store }: Session, run: Run, opened: OpenedJob, kept: Kept): Promise<RunTask> {
  const { id } = run;
  const workOn = await openWork(db, opened, kept);
  const task = await taskOfWork(db, opened, workOn(opened));
  const { table } = opened;
  if (table === null) return task;
  const { key } = table;
  const rejects = { table: store.schema.table("reject"), run: id };
  // A run that is resumed after too many rejects tries all of them: its job may have been mended.
  const mayPass = hadTooManyRejects(run)
    ? sql`true`
    : passing("listed", ["slow", "locked", "swallowed", "constraint"]);
  const mine = sql`listed.run_id = ${id}::bigint`;
  const all = listedKeys(key, rejects.table, mine);
  const walk = new ListedKeys(key, rejects.table, sql`${mine} and ${mayPass}`);
  const listOf = (bounds: Bounds): Sql => walk.listOf(bounds);
  const listed = table.onlyListed(listOf);
  const again = workOn({ ...opened, table: listed, source: listed });
  return {
    ...task,
    work: rejectSweep(task.work, rejects, key, () => all),
    sweeping: { ...task.sweeping, retries: "list" },
    ofRejects: { walk, work: rejectSweep(again, rejects, key, listOf) },
  };
}

/** The listed rows of a source that finds a row only by reading what comes before it. */
async function placesBefore({ db, store }: Session, run: bigint, source: ReadableSource) {
  return (await source.before?.(await store.rejects.listedFor(db, run))) ?? new Map();
}
