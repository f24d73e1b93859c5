import { whyUnusable } from "../../backup/damaged-parts.ts";
import { RefusedError } from "../../errors.ts";
import { displayName } from "../../job/columns/table.ts";
import type { Job } from "../../job/definition/define-job.ts";
import type { Step, StepTable } from "../../job/steps/steps.ts";
import type { OpenedJob } from "../../plan/open/opened-job.ts";
import type { BackupScope } from "../../plan/open-dropped.ts";
import type { KnownBackup } from "../../store/backups.ts";
import type { UndoLogKind } from "../../store/runs/run.ts";
import type { Session } from "../../store/session.ts";

/** Whether a run of the job is destructive, or overwrites rows without an undo log. */
export function isDestructive({ job, writes }: OpenedJob, undoLog: UndoLogKind): boolean {
  const changes = writes.some(({ verb, overwrites }) => verb !== "insert" || overwrites);
  return job.destructive || (changes && undoLog === "none");
}

/**
 * Lets a job that destroys something start only with a verified backup that is young enough, or when the
 * author's own check says that there is one. Checks that the backup can be restored now. `session` is null
 * where tidefill has never run.
 * @throws RefusedError
 */
export async function requireBackup(
  session: Session | null,
  opened: OpenedJob,
  undoLog: UndoLogKind,
): Promise<void> {
  if (!isDestructive(opened, undoLog)) return;
  const { job } = opened;
  const overwritten = opened.writes.find(({ verb, overwrites }) => verb === "insert" && overwrites);
  if (overwritten !== undefined && job.backup.check === null) {
    throw new RefusedError(
      "backup-is-there",
      `${job.name} overwrites the rows of ${displayName(overwritten.relation)} that its \`onConflict\` meets. A backup of tidefill does not contain them, only rows that the job reads. Nothing was started.`,
      "Remove `undoable: false` and `destructive: true`, so that the undo log keeps what is overwritten; or name a check of your own in the job: backup: { check }.",
    );
  }
  await requireFresh(
    session,
    job,
    opened.scopeFingerprint,
    undoLog === "none" ? "destroys rows that no undo log keeps" : "is declared destructive",
  );
}

/**
 * The same for steps that drop columns and tables; `opened` is null where the job has a check of its own.
 * @throws RefusedError
 */
export async function requireBackupOfDropped(
  session: Session | null,
  job: Job,
  opened: BackupScope | null,
  steps: readonly Step[],
): Promise<void> {
  const stranger = steps.find(
    (step) => (step.kind === "drop column" || step.kind === "drop table") && !covers(opened, step.table),
  );
  if (stranger !== undefined && job.backup.check === null)
    throw new RefusedError(
      "backup-is-there",
      `The step "${stranger.name}" of ${job.name} drops what no backup of tidefill contains: it is not in the table that the job reads. No step was done.`,
      "Name a check of your own in the job, of the last backup that holds it: backup: { check }.",
    );
  await requireFresh(session, job, opened?.scopeFingerprint ?? "", "drops what cannot be brought back");
}

/** Whether a backup of the job holds the table's rows: it holds those of the table that the job reads. */
function covers(opened: BackupScope | null, table: StepTable): boolean {
  const relation = opened?.table?.relation;
  return relation?.name === table.name && (table.schema === null || table.schema === relation.schema);
}

async function requireFresh(
  session: Session | null,
  { name, backup }: Job,
  scopeFingerprint: string,
  what: string,
): Promise<void> {
  const remedy = `Make one: tidefill backup ${name} --to <dir>   or name a check of your own in the job: backup: { check }.`;
  if (backup.check) {
    if (await backup.check()) return;
    throw new RefusedError(
      "backup-is-there",
      `${name} ${what}, and its own backup check found no backup.`,
      remedy,
    );
  }
  const known =
    session === null ? [] : await session.store.backups.verified(session.db, name, scopeFingerprint);
  const young = known.filter(({ ageMs }) => ageMs <= backup.maxAgeMs);
  const problems: string[] = [];
  for (const { directory, startedAt } of young) {
    const problem = await whyUnusable(directory, name, startedAt);
    if (problem === null) return;
    problems.push(`${directory}: ${problem}`);
  }
  throw new RefusedError(
    "backup-is-there",
    `${name} ${what}, and ${whyNone(known, problems)}. Nothing was started.`,
    problems.length === 0 ? remedy : `Put it back where it was on this machine. Or:  ${remedy}`,
  );
}

function whyNone([newest]: readonly KnownBackup[], problems: readonly string[]): string {
  if (newest === undefined) return "it has no verified backup of these rows";
  return problems.length === 0
    ? `its last verified backup is ${Math.round(newest.ageMs / 3_600_000)} hours old`
    : `its verified backup can no longer be restored (${problems.slice(0, 3).join("; ")})`;
}
