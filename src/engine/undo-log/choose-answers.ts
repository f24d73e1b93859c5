import type { OpenedJob } from "../../plan/open/opened-job.ts";
import type { Database } from "../../postgres/transaction/database.ts";
import type { NewRun } from "../../store/runs/run.ts";
import type { UndoKeyOption } from "../options/work-options.ts";
import { requireEncryption, undoKeyOf } from "./encryption.ts";

/** How a run of the job will keep the answers of other systems. @throws RefusedError without a key for persons */
export async function chooseAnswers(
  db: Database,
  { job: { calls }, isPersonal }: OpenedJob,
  options: UndoKeyOption,
): Promise<Pick<NewRun, "answers" | "answersKeptMs">> {
  if (calls === null) return {};
  if (isPersonal) await requireEncryption(db, undoKeyOf(options), "answers");
  return { answers: isPersonal ? "encrypted" : "plain", answersKeptMs: calls.keepAnswersMs };
}
