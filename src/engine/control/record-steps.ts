import type { Job } from "../../job/definition/define-job.ts";
import { stepsFingerprint } from "../../job/definition/fingerprint.ts";
import { raw, sql } from "../../postgres/sql/sql.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import type { NewRun, Run } from "../../store/runs/run.ts";
import type { Session } from "../../store/session.ts";
import { paceOfNew } from "../options/pace-of.ts";
import type { CodeOptions, PaceOptions, WorkOptions } from "../options/work-options.ts";
import { type RunReport, readReport } from "../report/run-report.ts";
import { type Creation, createRun } from "./create-run.ts";

/**
 * Records a run for a job with steps only, once they are done, so that it shows in `list` and `audit` like
 * any other. `before` may refuse, since another process may have recorded it meanwhile.
 */
export async function recordSteps(
  session: Session,
  job: Job,
  options: PaceOptions & CodeOptions & Pick<WorkOptions, "request">,
  before: (tx: Transaction) => Promise<void>,
): Promise<RunReport> {
  const code = { definition: stepsFingerprint(job), files: options.files ?? {} };
  const { request } = options;
  const pace = paceOfNew(job, options);
  const run = { job: job.name, kind: "run", ofRun: null, code, pace, request } as const;
  return enter(session, run, { code }, before);
}

/** Records that the steps of such a run were undone. */
export async function recordStepsUndone(session: Session, undone: Run): Promise<RunReport> {
  const code = { definition: "undo", files: {} };
  const run = { job: undone.job, kind: "undo", ofRun: undone.id, code } as const;
  return enter(session, run, { undone: String(undone.id) }, async () => {});
}

async function enter(
  session: Session,
  run: Pick<NewRun, "job" | "kind" | "ofRun" | "code" | "pace" | "request">,
  details: Creation["details"],
  before: (tx: Transaction) => Promise<void>,
): Promise<RunReport> {
  const { store } = session;
  const none = { hasRows: false, keyFingerprint: "steps", tableFingerprint: "steps", rejectLimit: 0 };
  const also = async (tx: Transaction, id: bigint): Promise<void> => {
    await before(tx);
    await store.runs.set(tx, id, {
      status: raw("'succeeded'"),
      stop_reason: raw("'finished'"),
      finished_at: raw("pg_catalog.clock_timestamp()"),
      is_planned: sql`true`,
    });
  };
  return readReport(session, await createRun(session, async () => ({ ...run, ...none }), { details, also }));
}
