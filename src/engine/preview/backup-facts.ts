import { RefusedError } from "../../errors.ts";
import type { Job } from "../../job/definition/define-job.ts";
import type { Step } from "../../job/steps/steps.ts";
import { lossesOf } from "../../plan/losses-of.ts";
import { tryToOpenJob } from "../../plan/open-job.ts";
import { installedVersion } from "../../store/schema/store-schema.ts";
import type { Session } from "../../store/session.ts";
import { isDestructive, requireBackup, requireBackupOfDropped } from "../guards/require-backup.ts";

/** Whether a backup is needed, and whether there is one. */
export interface BackupFacts {
  /** what would be lost for good; empty where no backup is needed */
  readonly losses: readonly string[];
  /** what to type or to write; null where the present backup suffices */
  readonly remedy: string | null;
}

const nameACheck =
  "Name a check of your own in the job, of the last backup that holds it: backup: { check }.";

/** Finds out what a job and its open steps would destroy, and whether a backup holds it. */
export async function backupFacts(
  session: Session,
  job: Job,
  parameters: object,
  steps: readonly Step[],
): Promise<BackupFacts> {
  const { db, store } = session;
  const opened = job.kind === "steps" ? null : (await tryToOpenJob(db, job, parameters)).opened;
  const undoLog = job.undoable ? "plain" : "none";
  const destroysRows =
    opened === null
      ? job.kind !== "steps" && (job.destructive || !job.undoable)
      : isDestructive(opened, undoLog);
  const ofSteps = await Promise.all(steps.map(async (step) => ({ step, losses: await lossesOf(step) })));
  const losing = ofSteps.filter(({ losses }) => losses.length > 0);
  const losses = [...(destroysRows ? ["its rows"] : []), ...losing.flatMap((each) => each.losses)];
  if (losses.length === 0) return { losses, remedy: null };
  const installed = (await installedVersion(db, store.schema)) === null ? null : session;
  // An author's SQL step may change any table, but a backup of tidefill holds only rows that the job reads.
  if (job.backup.check === null && losing.some(({ step }) => step.kind === "sql"))
    return { losses, remedy: nameACheck };
  const remedy = await remedyOf(async () => {
    if (opened !== null) await requireBackup(installed, opened, undoLog);
    const dropping = losing.map(({ step }) => step);
    if (dropping.length > 0) await requireBackupOfDropped(installed, job, opened, dropping);
  });
  const isUnknown = remedy === null && opened === null && job.backup.check === null;
  return { losses, remedy: isUnknown ? `tidefill backup ${job.name} --to <dir>` : remedy };
}

/** The remedy of the first refusal; null without one. */
async function remedyOf(require: () => Promise<void>): Promise<string | null> {
  try {
    await require();
    return null;
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    return error.remedy ?? error.message;
  }
}
