import type { Job } from "../../job/definition/define-job.ts";
import type { Refusal } from "../../plan/open/check.ts";
import { isAboutPersons } from "../../plan/open-job.ts";
import type { Database } from "../../postgres/transaction/database.ts";
import type { UndoKeyOption } from "../options/work-options.ts";
import { requireEncryption, requireUndoKey, undoKeyOf } from "../undo-log/encryption.ts";
import { refusalsOf } from "./refusals-of.ts";

/**
 * Checks what can be known of a run before its expand steps. A later refusal would leave the steps without a
 * run.
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
  // An SQL step of the author may install pgcrypto.
  if (!job.expand.some(({ kind }) => kind === "sql")) await requireEncryption(db, key);
}

/** The same as refusals, for a plan to show. */
export async function refusalsBeforeSteps(
  db: Database,
  job: Job,
  parameters: object,
): Promise<readonly Refusal[]> {
  return refusalsOf(() => requireBeforeSteps(db, job, parameters, {}));
}
