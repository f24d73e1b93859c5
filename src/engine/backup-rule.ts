import { RefusedError } from "../errors.ts";
import type { OpenedJob } from "../plan/opened-job.ts";
import type { Database } from "../postgres/database.ts";
import type { UndoLogKind } from "../store/run.ts";
import type { Store } from "../store/store.ts";

/** Whether a run of the job destroys something that no undo log keeps. */
export function isDestructive({ job, writes }: OpenedJob, undoLog: UndoLogKind): boolean {
  const changes = writes.some(({ verb, overwrites }) => verb !== "insert" || overwrites);
  return job.destructive || (changes && undoLog === "none");
}

/**
 * A job that destroys something (`store` is null where tidefill has never run) starts only with a verified backup that is young enough, or when the author's own check says
 * that there is one. @throws RefusedError
 */
export async function requireBackup(
  db: Database,
  store: Store | null,
  opened: OpenedJob,
  undoLog: UndoLogKind,
): Promise<void> {
  if (!isDestructive(opened, undoLog)) return;
  const { name, backup } = opened.job;
  const remedy = `Make one: tidefill backup ${name} --to <dir>   or name a check of your own in the job: backup: { check }.`;
  if (backup.check) {
    if (await backup.check()) return;
    throw new RefusedError(
      "backup-is-there",
      `${name} destroys rows, and its own backup check said no.`,
      remedy,
    );
  }
  const ageMs = store === null ? null : await store.backups.ageOfLatest(db, name, opened.scopeFingerprint);
  if (ageMs !== null && ageMs <= backup.maxAgeMs) return;
  const why =
    ageMs === null
      ? "it has no verified backup of these rows"
      : `its last verified backup is ${Math.round(ageMs / 3_600_000)} hours old`;
  throw new RefusedError(
    "backup-is-there",
    `${name} ${undoLog === "none" ? "destroys rows that no undo log keeps" : "is destructive by its own word"}, and ${why}. Nothing was started.`,
    remedy,
  );
}
