import type { Job } from "../../job/definition/define-job.ts";
import type { Refusal } from "../../plan/open/check.ts";
import { openJob } from "../../plan/open-job.ts";
import { requireGrants, requireInstalling } from "../../store/schema/grants.ts";
import { installedVersion } from "../../store/schema/store-schema.ts";
import type { Session } from "../../store/session.ts";
import { requireIntegrity } from "../guards/integrity.ts";
import { refusalsOf } from "../guards/refusals-of.ts";
import { requireBackup } from "../guards/require-backup.ts";
import { requireVerifiable } from "../guards/require-verifiable.ts";
import { chooseAnswers } from "../undo-log/choose-answers.ts";
import { chooseUndoLog } from "../undo-log/choose-undo-log.ts";

/** What may refuse a run although all checks pass: no key for its undo log, no backup, broken integrity. */
export async function refusalsAtStart(
  session: Session,
  job: Job,
  parameters: object,
): Promise<readonly Refusal[]> {
  const { db, store } = session;
  return refusalsOf(async () => {
    const opened = await openJob(db, job, parameters);
    const undoLog = await chooseUndoLog(db, opened, {});
    const { answers } = await chooseAnswers(db, opened, {});
    const isInstalled = (await installedVersion(db, store.schema)) !== null;
    if (isInstalled) await requireGrants(db, store.schema, undoLog !== "none" || answers !== undefined);
    else await requireInstalling(db, store.schema);
    if (job.contract.length > 0) await requireVerifiable(db, opened);
    await requireBackup(isInstalled ? session : null, opened, undoLog);
    await requireIntegrity(db, job);
  });
}
