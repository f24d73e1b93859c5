import { createHmac } from "node:crypto";
import type { OpenedJob } from "../../plan/open/opened-job.ts";
import type { TextRow } from "../../source/readable-source.ts";
import { answerId } from "../../store/answers.ts";
import type { Run } from "../../store/runs/run.ts";
import type { Session } from "../../store/session.ts";
import type { UndoKeyOption } from "../options/work-options.ts";
import type { RowAnswers } from "../rows/row-answers.ts";
import { encryptionOf, undoKeyOf } from "../undo-log/encryption.ts";
import type { AskedRow } from "./call.ts";
import { CallGate } from "./call-gate.ts";
import { KeptAnswers, noShelf, shelfOfDryRun, shelfOfRun } from "./kept-answers.ts";

/** What the calls of one process share: where answers stay, the limits, and what names a call. */
export class CallHome {
  readonly kept: KeptAnswers;
  readonly gate = new CallGate();
  /** the job and the run, for idempotency keys */
  readonly scope: string;
  /** everything besides a row that decides its answer; with it, a hash of a row cannot be guessed */
  readonly #secret: string;

  constructor(kept: KeptAnswers, scope: string, secret: string) {
    this.kept = kept;
    this.scope = scope;
    this.#secret = secret;
  }

  /** A row with the hash of what is asked about: an answer counts only for the same hash. */
  askedRow(row: TextRow, rowAnswers: RowAnswers): AskedRow {
    const texts = JSON.stringify(rowAnswers.readTexts(row));
    const input = createHmac("sha256", this.#secret).update(texts).digest("hex");
    const key = rowAnswers.keyOf(row);
    return { row, key, id: answerId(key), input };
  }
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
  // A claim stays as long as the run: a process that was frozen must still meet it.
  const kept = new KeptAnswers(db, shelfOfRun(store, to, calls.keepAnswersMs !== null || calls.isAtMostOnce));
  return new CallHome(
    kept,
    `${name} ${run.id}`,
    secretOf(opened, run.code.files, encryption?.password ?? ""),
  );
}

/** Where the answers of a dry run go: the next run takes them over where they are kept. */
export function callHomeOfDryRun(
  { db, store }: Session,
  opened: OpenedJob,
  files: Readonly<Record<string, string>>,
  areKept: boolean,
): CallHome | null {
  const { calls, name } = opened.job;
  if (calls === null) return null;
  const kept = new KeptAnswers(db, areKept ? shelfOfDryRun(store, name) : noShelf);
  return new CallHome(kept, `${name} dry run`, secretOf(opened, files, ""));
}

function secretOf(
  { definitionFingerprint, parameters }: OpenedJob,
  files: Readonly<Record<string, string>>,
  password: string,
): string {
  const code = [definitionFingerprint, Object.entries(files).sort(), parameters, password];
  return JSON.stringify(code, (_, value: unknown) => (typeof value === "bigint" ? `${value}n` : value));
}
