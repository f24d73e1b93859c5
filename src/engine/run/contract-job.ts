import { RefusedError, UsageError } from "../../errors.ts";
import type { Job } from "../../job/definition/define-job.ts";
import { readParameters } from "../../job/definition/parameters.ts";
import { type BackupScope, openDropped } from "../../plan/open-dropped.ts";
import { openJob } from "../../plan/open-job.ts";
import type { Database } from "../../postgres/transaction/database.ts";
import type { Run } from "../../store/runs/run.ts";
import { requireSchema } from "../../store/schema/store-schema.ts";
import { withSession } from "../../store/session.ts";
import { requireBackupOfDropped } from "../guards/require-backup.ts";
import { requireSafeSteps } from "../guards/require-safe-steps.ts";
import { requireUndoKept } from "../guards/require-undo-kept.ts";
import { connectionsOf } from "../options/pace-of.ts";
import type { UndoKeyOption, WorkOptions } from "../options/work-options.ts";
import { openStepRunner } from "../process/open-step-runner.ts";
import type { ContractReport } from "../report/contract-report.ts";
import { givenParameters } from "../undo-log/kept-parameters.ts";
import { whyNotYet, withPace } from "./contract-steps.ts";

/** Runs all contract steps, including destructive ones. @throws RefusedError when they must wait */
export async function contractJob(job: Job, options: WorkOptions = {}): Promise<ContractReport> {
  return withSession(`tidefill contract ${job.name}`, options, connectionsOf(options), async (session) => {
    const { db, store } = session;
    await requireSchema(db, store.schema);
    const run = await store.runs.standing(db, job.name);
    if (run === null) throw notRun(job);
    await withPace(session, run, options);
    const runner = openStepRunner(session, { job, phase: "contract", run: run.id }, options);
    await runner.awaitTurn();
    const problem = await whyNotYet(session, job, run.id, options);
    if (problem !== null)
      throw new RefusedError(
        "run-is-verified",
        `${problem} No step was done.`,
        `Correct that, then: tidefill contract ${job.name}`,
      );
    const open = await runner.open();
    if (open.length > 0) await requireSafeSteps(job);
    await requireUndoKept(session, open);
    if (open.some(({ kind }) => kind === "drop column" || kind === "drop table"))
      await requireBackupOfDropped(session, job, await scopeOf(db, job, run, options), open);
    return { done: await runner.up(), open: [], problem: null, isStopped: false };
  });
}

/** What a backup of the job covers; null where the job's own backup check has to answer instead. */
async function scopeOf(
  db: Database,
  job: Job,
  run: Run,
  options: UndoKeyOption,
): Promise<BackupScope | null> {
  if (job.kind === "steps") return job.backup.check === null ? droppedOf(db, job) : null;
  return openJob(db, job, await readParameters(job.parameters, await givenParameters(db, run, options)));
}

/** Null where no backup can cover what the job drops, as from several tables. */
function droppedOf(db: Database, job: Job): Promise<BackupScope | null> {
  return openDropped(db, job).catch((error: unknown) => {
    if (error instanceof UsageError) return null;
    throw error;
  });
}

function notRun({ name }: Job): RefusedError {
  return new RefusedError(
    "run-is-verified",
    `The job ${name} has no successful run that is not undone. Its contract steps come after such a run.`,
    `tidefill run ${name}`,
  );
}
