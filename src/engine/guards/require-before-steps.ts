import type { Job } from "../../job/definition/define-job.ts";
import type { Refusal } from "../../plan/open/check.ts";
import { isAboutPersons } from "../../plan/open-job.ts";
import type { Database } from "../../postgres/transaction/database.ts";
import type { UndoKeyOption } from "../options/work-options.ts";
import { requireEncryption, requireUndoKey, undoKeyOf } from "../undo-log/encryption.ts";
import { refusalsOf } from "./refusals-of.ts";

/**
 * What can be known of a run before the expand steps are done: refused after them, the steps would stand without a run.
 * @throws RefusedError
 */
export async function requireBeforeSteps(
  db: Database,
  job: Job,
  parameters: object,
  options: UndoKeyOption,
): Promise<void> {
  if (!job.undoable || !isAboutPersons(job, parameters)) return;
  const key = undoKeyOf(options);
  requireUndoKey(key);
  // A statement of the author's own may be what brings pgcrypto.
  if (!job.expand.some(({ kind }) => kind === "sql")) await requireEncryption(db, key);
}

/** The same for a plan, which shows it. */
export async function refusalsBeforeSteps(
  db: Database,
  job: Job,
  parameters: object,
): Promise<readonly Refusal[]> {
  return refusalsOf(() => requireBeforeSteps(db, job, parameters, {}));
}
