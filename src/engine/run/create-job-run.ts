import { displayName } from "../../job/columns/table.ts";
import { type GivenParameters, parametersToJson } from "../../job/definition/parameters.ts";
import { parseRejectLimit } from "../../job/definition/reject-limit.ts";
import type { Rollout } from "../../job/pace/rollout.ts";
import { type OpenedJob, writesOf } from "../../plan/open/opened-job.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import type { NewRun, Run, UndoLogKind } from "../../store/runs/run.ts";
import type { Session } from "../../store/session.ts";
import { identitiesOf } from "../batch/run-tables.ts";
import { createRun } from "../control/create-run.ts";
import { paceOf, paceOfNew } from "../options/pace-of.ts";
import type { CodeOptions, PaceOptions, UndoKeyOption, WorkOptions } from "../options/work-options.ts";
import { keptParameters } from "../undo-log/kept-parameters.ts";

/** What a new run of a job is made from. */
export interface NewJobRun {
  readonly opened: OpenedJob;
  readonly undoLog: UndoLogKind;
  /** how the answers of other systems are kept */
  readonly answers: Pick<NewRun, "answers" | "answersKeptMs">;
  /** the run whose rejects are tried again, or null */
  readonly ofRun: bigint | null;
  readonly parameters: GivenParameters;
  readonly rollout: Rollout | null;
}

/** The options that apply to the creation of a run. */
type JobRunOptions = PaceOptions & CodeOptions & UndoKeyOption & Pick<WorkOptions, "rejectLimit" | "request">;

/** Creates a run of a job with its undo log, and calls `also`, in one transaction. */
export async function createJobRun(
  session: Session,
  created: NewJobRun,
  options: JobRunOptions,
  also: (tx: Transaction, id: bigint) => Promise<unknown>,
): Promise<Run> {
  const { store } = session;
  const { opened, undoLog, answers, parameters } = created;
  const { job, isPersonal, write } = opened;
  const alsoLogged = async (tx: Transaction, id: bigint): Promise<void> => {
    const given = parametersToJson(job.parameters, parameters);
    if (isPersonal)
      await store.runs.set(tx, id, { parameters: await keptParameters(tx, id, given, options) });
    if (undoLog !== "none")
      await store.undoLogs.create(tx, id, write.sink.images(undoLog === "encrypted").columns);
    if (answers.answers !== undefined)
      await store.answers.create(tx, id, job.name, {
        isEncrypted: answers.answers === "encrypted",
        adopts: job.calls?.isAtMostOnce !== true,
      });
    await also(tx, id);
  };
  return createRun(session, (tx) => describe(tx, created, options), {
    details: detailsOf(created, options),
    also: alsoLogged,
  });
}

async function describe(
  tx: Transaction,
  { opened, undoLog, answers, ofRun, parameters, rollout }: NewJobRun,
  options: JobRunOptions,
): Promise<NewRun> {
  const { job, estimate } = opened;
  const given = JSON.parse(parametersToJson(job.parameters, parameters)) as Run["parameters"];
  return {
    job: job.name,
    kind: "run",
    ofRun,
    writes: writesOf(opened),
    undoLog,
    ...answers,
    undoParts: undoLog === "none" ? [] : opened.write.sink.images(undoLog === "encrypted").parts,
    parameters: opened.isPersonal ? {} : given,
    session: job.session,
    rejectLimit: parseRejectLimit(options.rejectLimit ?? job.rejectLimit),
    request: options.request,
    code: {
      definition: opened.definitionFingerprint,
      files: options.files ?? {},
      tables: opened.writes.map(({ relation }) => displayName(relation)),
    },
    keyFingerprint: opened.keyFingerprint,
    tableFingerprint: opened.tableFingerprint,
    tables: await identitiesOf(tx, opened),
    pace: paceOfNew(job, options),
    rollout,
    estimatedRows: Math.round(estimate.rows),
    estimatedWalk: Math.round(estimate.walk),
  };
}

function detailsOf(
  { opened, undoLog, ofRun, parameters, rollout }: NewJobRun,
  options: JobRunOptions,
): Readonly<Record<string, unknown>> {
  return {
    parameters: opened.isPersonal ? Object.keys(parameters) : parameters,
    code: { definition: opened.definitionFingerprint, files: options.files ?? {} },
    undoLog,
    ...(ofRun === null ? {} : { rejectsOf: String(ofRun) }),
    ...paceOf(options),
    ...(rollout === null ? {} : { stages: rollout.shares }),
  };
}
