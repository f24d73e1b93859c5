import type { Job } from "../job/define-job.ts";
import type { Refusal } from "../plan/checks/check.ts";
import { openJob } from "../plan/open-job.ts";
import type { Database } from "../postgres/database.ts";
import { requireGrants, requireInstalling } from "../store/grants.ts";
import { installedVersion } from "../store/schema.ts";
import type { Store } from "../store/store.ts";
import { requireBackup } from "./backup-rule.ts";
import { chooseUndoLog } from "./choose-undo-log.ts";
import { requireIntegrity } from "./integrity.ts";
import { refusalsOf } from "./refusals-of.ts";
import { requireVerifiable } from "./verify-rights.ts";

/** What would refuse a run of a job whose every check has passed: no key for its undo log, no backup, broken integrity. */
export async function refusalsAtStart(
  db: Database,
  store: Store,
  job: Job,
  parameters: object,
): Promise<readonly Refusal[]> {
  return refusalsOf(async () => {
    const opened = await openJob(db, job, parameters);
    const undoLog = await chooseUndoLog(db, opened, {});
    const isInstalled = (await installedVersion(db, store.schema)) !== null;
    if (isInstalled) await requireGrants(db, store.schema, undoLog !== "none");
    else await requireInstalling(db, store.schema);
    if (job.contract.length > 0) await requireVerifiable(db, opened);
    await requireBackup(db, isInstalled ? store : null, opened, undoLog);
    await requireIntegrity(db, job);
  });
}
