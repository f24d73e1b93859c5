import type { Job } from "../../job/definition/define-job.ts";
import { stepsFingerprint } from "../../job/definition/fingerprint.ts";
import { raw, sql } from "../../postgres/sql/sql.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import { noRows } from "../../store/runs/had-no-rows.ts";
import type { Run } from "../../store/runs/run.ts";
import type { Session } from "../../store/session.ts";
import { paceOfNew } from "../options/pace-options.ts";
import type { WorkOptions } from "../options/work-options.ts";
import { type RunReport, readReport } from "../report/run-report.ts";

/**
 * Enters the run of a job of steps alone, when they are done: so it stands in `list` and `audit` as any other. `before` may refuse:
 * another process may have entered it while the steps were looked at.
 */
export async function enterSteps(
  session: Session,
  job: Job,
  options: WorkOptions,
  before: (tx: Transaction) => Promise<void>,
): Promise<RunReport> {
  const code = { definition: stepsFingerprint(job), files: options.files ?? {} };
  const pace = paceOfNew(job, options);
  return enter(
    session,
    { job: job.name, kind: "run", ofRun: null, code, pace: JSON.stringify(pace) },
    before,
  );
}

/** Enters that the steps of such a run were taken back. */
export async function enterUndone(session: Session, undone: Run): Promise<RunReport> {
  const code = { definition: "undo", files: {} };
  return enter(session, { job: undone.job, kind: "undo", ofRun: undone.id, code, pace: "{}" });
}

async function enter(
  session: Session,
  entered: Pick<Run, "job" | "ofRun" | "code" | "pace"> & { readonly kind: "run" | "undo" },
  before: (tx: Transaction) => Promise<void> = async () => {},
): Promise<RunReport> {
  const { db, store } = session;
  const { job, kind, ofRun, code } = entered;
  const id = await db.transaction(async (tx) => {
    const created = await store.runs.create(tx, {
      ...entered,
      undoLog: "none",
      undoParts: [],
      parameters: "{}",
      session: {},
      rejectLimit: 0,
      keyFingerprint: noRows,
      tables: [],
      tableFingerprint: noRows,
      estimatedRows: 0,
      estimatedWalk: 0,
    });
    await before(tx);
    await store.runs.set(tx, created, {
      status: raw("'succeeded'"),
      stop_reason: raw("'finished'"),
      finished_at: raw("pg_catalog.clock_timestamp()"),
      is_planned: sql`true`,
    });
    const details = ofRun === null ? { code } : { undone: String(ofRun) };
    await store.audit.record(tx, { action: kind, job, run: created, details });
    return created;
  });
  return readReport(session, await store.runs.require(db, String(id)));
}
