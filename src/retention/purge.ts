import { classifyFailure } from "../postgres/failure/failure.ts";
import { raw } from "../postgres/sql/sql.ts";
import type { Transaction } from "../postgres/transaction/database.ts";
import {
  type Due,
  findDue,
  findHeldBack,
  findUnneededAnswers,
  forgetKeys,
  lockDue,
  type Retention,
  removeRejects,
  removeRun,
} from "../store/retention/find-due.ts";
import type { RunKind } from "../store/runs/run.ts";
import type { Session } from "../store/session.ts";
import type { Store } from "../store/store.ts";

export interface PurgeOptions {
  /** how long a finished run is kept, in milliseconds */
  readonly olderThanMs: number;
  /** leave runs and rejects as they are */
  readonly undoLogsOnly?: boolean;
}

/** What a purge did. */
export interface Purged {
  /** runs that are gone as a whole */
  readonly runs: number;
  readonly undoLogs: number;
  /** runs whose kept answers of other systems are gone */
  readonly answers: number;
  readonly rejects: number;
  /** of the undo logs, given back to the file system */
  readonly bytes: number;
  /** runs that another session had locked; the next purge takes them */
  readonly busy: readonly number[];
  /** runs that are due but kept, since another run that works on them is not finished */
  readonly held: readonly Held[];
}

interface Held {
  readonly run: number;
  readonly job: string;
  /** the run that undoes it, compares it, or tries its rejects once more */
  readonly by: number;
  readonly kind: RunKind;
}

/** Encrypted undo logs, the old values of persons, are never kept longer than this. */
export const encryptedLogsExpireAfterMs = 30 * 86_400_000;

/** Only tidefill's own commands use these tables, and must not wait for a purge for long. */
const limits = { lockMs: 1_000, statementMs: 600_000, wholeMs: 1_200_000 };

/**
 * Drops what finished runs keep beyond their time. Each run has a transaction of its own with its line in the
 * audit, so a killed purge can be typed again. Leaves unfinished runs alone, and the runs that they undo or
 * compare: `held`.
 */
export async function purge(session: Session, options: PurgeOptions): Promise<Purged> {
  const { db, store } = session;
  const retention = retentionOf(options);
  const counts = { runs: 0, undoLogs: 0, answers: 0, rejects: 0, bytes: 0 };
  const busy = new Set<number>();
  const each = async (
    run: bigint,
    work: (tx: Transaction) => Promise<Partial<typeof counts>>,
  ): Promise<void> => {
    try {
      const done = await db.transaction(work, limits);
      for (const name of Object.keys(counts) as (keyof typeof counts)[]) counts[name] += done[name] ?? 0;
    } catch (error) {
      const { reason } = classifyFailure(error);
      if (reason !== "lock" && reason !== "deadlock") throw error;
      busy.add(Number(run));
    }
  };
  const answers = options.undoLogsOnly === true ? [] : await findUnneededAnswers(db, store.schema);
  for (const due of answers) await each(due.run, (tx) => dropAnswers(tx, store, due));
  if (options.undoLogsOnly !== true)
    await db.transaction((tx) => store.answers.purgeDry(tx, options.olderThanMs), limits);
  for (const { run } of await findDue(db, store.schema, retention))
    await each(run, (tx) => purgeRun(tx, store, retention, run));
  return { ...counts, busy: [...busy], held: await heldBack(session, retention) };
}

async function dropAnswers(
  tx: Transaction,
  store: Store,
  { run, job }: Pick<Due, "run" | "job">,
): Promise<{ readonly answers: number }> {
  await store.answers.drop(tx, run);
  await store.runs.set(tx, run, { answers: raw("'purged'") });
  await store.audit.record(tx, { action: "purge", job, run, details: { answers: true } });
  return { answers: 1 };
}

async function heldBack({ db, store }: Session, retention: Retention): Promise<Held[]> {
  const held = await findHeldBack(db, store.schema, retention);
  return held.map(({ run, by, ...rest }) => ({ ...rest, run: Number(run), by: Number(by) }));
}

/** How many runs a purge would touch. */
export async function countDue({ db, store }: Session, options: PurgeOptions): Promise<number> {
  return (await findDue(db, store.schema, retentionOf(options))).length;
}

function retentionOf({ olderThanMs, undoLogsOnly = false }: PurgeOptions): Retention {
  return {
    runMs: olderThanMs,
    encryptedMs: Math.min(olderThanMs, encryptedLogsExpireAfterMs),
    undoLogsOnly,
  };
}

async function purgeRun(
  tx: Transaction,
  store: Store,
  retention: Retention,
  run: bigint,
): Promise<Omit<Purged, "answers" | "busy" | "held">> {
  const due = await lockDue(tx, store.schema, retention, run);
  if (due === null) return { runs: 0, undoLogs: 0, rejects: 0, bytes: 0 };
  const bytes = due.dropsLog ? await dropLog(tx, store, run) : 0;
  const rejects = due.fate === "kept" ? 0 : await removeRejects(tx, store.schema, run);
  if (due.fate === "stripped") await forgetKeys(tx, store.schema, run);
  if (due.fate === "removed") {
    await store.answers.drop(tx, run);
    await removeRun(tx, store.schema, run);
  }
  await store.audit.record(tx, {
    action: "purge",
    job: due.job,
    run,
    details: { run: due.fate, undoLog: due.dropsLog, rejects, bytes },
  });
  return { runs: due.fate === "removed" ? 1 : 0, undoLogs: due.dropsLog ? 1 : 0, rejects, bytes };
}

async function dropLog(tx: Transaction, store: Store, run: Due["run"]): Promise<number> {
  const bytes = await store.undoLogs.bytes(tx, run);
  await store.undoLogs.drop(tx, run);
  await store.runs.set(tx, run, { undo_log: raw("'purged'") });
  return bytes;
}
