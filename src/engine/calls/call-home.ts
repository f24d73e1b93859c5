import type { OpenedJob } from "../../plan/open/opened-job.ts";
import type { Run } from "../../store/runs/run.ts";
import type { Session } from "../../store/session.ts";
import type { UndoKeyOption } from "../options/work-options.ts";
import { encryptionOf, undoKeyOf } from "../undo-log/encryption.ts";
import { CallGate } from "./call-gate.ts";
import { KeptAnswers, noShelf, shelfOfDryRun, shelfOfRun } from "./kept-answers.ts";

/** What the calls of one process share: where answers stay, the limits, and the names in idempotency keys. */
export interface CallHome {
  readonly kept: KeptAnswers;
  readonly gate: CallGate;
  /** the job and the run */
  readonly scope: string;
  /** everything besides a row that decides its answer; with it, a hash of a row cannot be guessed */
  readonly secret: string;
}

/** Where the answers of a run are; null where its job has no `calls`. @throws RefusedError without the key */
export async function callHomeOf(
  { db, store }: Session,
  run: Pick<Run, "id" | "answers" | "code">,
  opened: OpenedJob,
  options: UndoKeyOption,
): Promise<CallHome | null> {
  const { calls, name } = opened.job;
  if (calls === null || run.answers === "none" || run.answers === "purged") return null;
  const encryption = run.answers === "encrypted" ? await encryptionOf(db, run.id, undoKeyOf(options)) : null;
  const to = { table: store.answers.table(run.id), encryption };
  return {
    kept: new KeptAnswers(db, shelfOfRun(store, to, calls.keepAnswersMs !== null)),
    gate: new CallGate(),
    scope: `${name} ${run.id}`,
    secret: secretOf(opened, run.code.files, encryption?.password ?? ""),
  };
}

/** Where the answers of a dry run go; the next run takes them over, unless they are about a person. */
export function callHomeOfDryRun(
  { db, store }: Session,
  opened: OpenedJob,
  files: Readonly<Record<string, string>>,
  areKept: boolean,
): CallHome | null {
  const { calls, name } = opened.job;
  if (calls === null) return null;
  return {
    kept: new KeptAnswers(db, areKept ? shelfOfDryRun(store, name) : noShelf),
    gate: new CallGate(),
    scope: `${name} dry run`,
    secret: secretOf(opened, files, ""),
  };
}

function secretOf(
  { definitionFingerprint, parameters }: OpenedJob,
  files: Readonly<Record<string, string>>,
  password: string,
): string {
  const code = [definitionFingerprint, Object.entries(files).sort(), parameters, password];
  return JSON.stringify(code, (_, value: unknown) => (typeof value === "bigint" ? `${value}n` : value));
}
