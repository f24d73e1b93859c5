import { RefusedError } from "../errors.ts";
import { classifyFailure } from "../postgres/failure/failure.ts";
import type { Transaction } from "../postgres/transaction/database.ts";
import type { ImagePart } from "../sink/images/image-part.ts";
import { backupsBut, type KeepingRun, readKeepingRuns } from "../store/retention/keeping-runs.ts";
import type { Session } from "../store/session.ts";
import type { Store } from "../store/store.ts";
import { isAbout, isOutOfReach, readsUntold } from "./erase-images.ts";
import { eraseKept } from "./erase-kept.ts";
import { type RowName, type RowToErase, seekRow } from "./row-to-erase.ts";

/** What an erase did, and what it could not do. */
export interface Erasure {
  readonly table: string;
  /** undo images whose values were taken out */
  readonly images: number;
  /** rejects, conflicts and differences that were deleted */
  readonly rejects: number;
  /** rejects of runs that do not tell which table they read: only their reasons were taken out */
  readonly reasons: number;
  /** answers of other systems about it that were deleted */
  readonly answers: number;
  /** the row is still in its table, which an erase does not change */
  readonly isStillThere: boolean;
  /** runs that keep values of the table under another key than the one that was given */
  readonly outOfReach: readonly { readonly run: number; readonly by: readonly string[] | null }[];
  /** backups that may hold the row; a tombstone keeps it from being restored */
  readonly backups: readonly string[];
}

const tries = 5;
const limits = { lockMs: 2_000, statementMs: 3_600_000, wholeMs: 7_200_000 };

/**
 * Removes the values of one person's row from every undo log and reject, and leaves a tombstone so that no
 * undo restores them: in one transaction with its line in the audit. A tombstone can be removed later, but
 * that line cannot. So it holds no key, not even a hash, from which a short number could be guessed.
 * @throws UsageError when the row is named wrongly; RefusedError when a run could go on keeping its values
 */
export async function eraseRow({ db, store }: Session, name: RowName): Promise<Erasure> {
  for (let tried = 1; ; tried += 1) {
    try {
      return await db.transaction((tx) => erase(tx, store, name), limits);
    } catch (error) {
      const { reason } = classifyFailure(error);
      if (tried === tries || (reason !== "lock" && reason !== "deadlock")) throw error;
    }
  }
}

async function erase(tx: Transaction, store: Store, name: RowName): Promise<Erasure> {
  const sought = await seekRow(tx, name);
  const runs = await readKeepingRuns(tx, store.schema);
  const isStillThere = (await sought.textInTable(tx)) !== null;
  if (isStillThere) refuseWhileKept(runs, sought);
  const { images, rejects, reasons, answers } = await eraseKept({ tx, store, runs }, sought);
  const backups = await backupsBut(tx, store.schema, jobsOfOtherTables(runs, sought));
  const table = sought.tableName;
  const details = { table, images, rejects, reasons, answers };
  await store.audit.record(tx, { action: "erase", job: null, run: null, details });
  return {
    table,
    images,
    rejects,
    reasons,
    answers,
    isStillThere,
    outOfReach: outOfReach(runs, sought),
    backups,
  };
}

/**
 * As long as the row exists, the next batch could put its values into the log again; no batch can read a
 * deleted row. Undos need no such care: they wait for the lock on the log, and then see the tombstone.
 */
function refuseWhileKept(runs: readonly KeepingRun[], sought: RowToErase): void {
  const run = runs.find((each) => each.kind === "run" && !each.isFinished && keepsOf(each, sought));
  if (run === undefined) return;
  throw new RefusedError(
    "no-run-keeps-the-row",
    `Run ${run.id} of ${run.job} is not finished and keeps old values of ${sought.tableName}. The row is still there, so the run could keep its values again. Nothing was erased.`,
    `Delete the row first; or let the run end: tidefill resume ${run.id}   or: tidefill cancel ${run.id}`,
  );
}

function keepsOf(run: KeepingRun, sought: RowToErase): boolean {
  const isAboutIt = run.parts.some((part) => isAbout(part, sought));
  // A run that inserts elsewhere, or keeps no undo log, does not tell which rows it asks about.
  if (run.hasAnswers && (isAboutIt || readsUntold(run))) return true;
  return isAboutIt && run.undoLog !== "none";
}

/** Jobs whose runs all tell what they wrote, and none of which has written to the row's table. */
function jobsOfOtherTables(runs: readonly KeepingRun[], sought: RowToErase): string[] {
  const jobs = new Set(runs.map(({ job }) => job));
  for (const run of runs) if (readsUntold(run) || keepsOf(run, sought)) jobs.delete(run.job);
  return [...jobs];
}

function outOfReach(runs: readonly KeepingRun[], sought: RowToErase): Erasure["outOfReach"] {
  return runs
    .filter(({ undoLog }) => undoLog === "plain" || undoLog === "encrypted")
    .flatMap(({ id, parts }) => {
      const part = parts.find((each) => isOutOfReach(each, sought));
      return part === undefined ? [] : [{ run: Number(id), by: keyOf(part, sought) }];
    });
}

function keyOf(part: ImagePart, { relation }: RowToErase): readonly string[] | null {
  const isOwn = part.schema === relation.schema && part.table === relation.name;
  return isOwn ? part.key : (part.into?.key ?? null);
}
