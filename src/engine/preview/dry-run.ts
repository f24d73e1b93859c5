import { RefusedError, UsageError } from "../../errors.ts";
import type { Job } from "../../job/definition/define-job.ts";
import { type GivenParameters, readParameters } from "../../job/definition/parameters.ts";
import { exceeds, type Standing } from "../../job/definition/reject-limit.ts";
import { type OpenedJob, writesOf } from "../../plan/open/opened-job.ts";
import { openJob } from "../../plan/open-job.ts";
import { requireParametersFit } from "../../plan/parameters-fit.ts";
import { raw } from "../../postgres/sql/sql.ts";
import type { Database } from "../../postgres/transaction/database.ts";
import { readDeadlockTimeout } from "../../postgres/transaction/deadlock-timeout.ts";
import { everyKey } from "../../store/runs/ranges.ts";
import { type RowCounts, rowsOf } from "../../store/runs/row-counts.ts";
import type { RunWrites } from "../../store/runs/run.ts";
import { type Session, withSession } from "../../store/session.ts";
import { SteadyPace } from "../batch/batch-pace.ts";
import { jobTask } from "../job-work/job-task.ts";
import { Patience } from "../loop/backoff.ts";
import { BatchSize } from "../loop/batch-size.ts";
import { RangeLoop } from "../loop/range-loop.ts";
import { StopSignal } from "../loop/stop-signal.ts";
import { LockedRows } from "../loop/stuck-row.ts";
import { connectionsOf } from "../options/pace-of.ts";
import { participation } from "../options/participation.ts";
import type { WorkOptions } from "../options/work-options.ts";
import { Events } from "../report/events.ts";
import { readJobStates } from "../state/job-state.ts";
import { DryCalls, type DryCallsReport, SlowTransform } from "./dry-calls.ts";
import { DryCommitter } from "./dry-committer.ts";
import { dryLogName, type Sample } from "./read-samples.ts";
import { ReturnedAsRead } from "./returned-as-read.ts";

export interface DryRunOptions extends WorkOptions {
  readonly parameters?: GivenParameters | undefined;
  /** rows after which it ends; when absent 10,000, or 10 where the job has `calls`: they are made for real */
  readonly rowLimit?: number | undefined;
}

/** What real batches did before they were rolled back, and an estimate for the whole run. */
export interface DryRunReport {
  readonly job: string;
  readonly dryRun: true;
  /** how the job writes rows */
  readonly writes: RunWrites;
  readonly batches: number;
  readonly rows: RowCounts;
  /** of one worker */
  readonly rowsPerSecond: number;
  /** bytes of WAL per row, with full-page images, without the undo log's; null when no row was written */
  readonly walBytesPerRow: number | null;
  /** rows of the first batch that wrote any, of which WAL and triggers were measured */
  readonly measuredRows: number;
  readonly triggers: readonly { readonly name: string; readonly calls: number }[];
  /** the first rows, before and after; values of persons are hidden */
  readonly samples: readonly Sample[];
  /** columns that an insert could keep, since the transform has returned each as it has read it */
  readonly couldKeep: readonly string[];
  /** what it has asked other systems; null where the job has no `calls` */
  readonly calls: DryCallsReport | null;
  /** whether the transform waits for something else than the database, so that the job should have `calls` */
  readonly shouldCall: boolean;
  /** reasons of the first rejects */
  readonly rejects: readonly string[];
  readonly whole: {
    readonly rows: number;
    readonly seconds: number | null;
    readonly walBytes: number | null;
  };
}

const defaultRows = 10_000;
/** Calls of other systems are made for real, and may cost money. */
const defaultRowsOfCalls = 10;

/**
 * Runs batches of a job on real rows and rolls each back. Changes nothing, and does not install tidefill's
 * schema.
 * @throws RefusedError, UsageError
 */
export async function dryRun(job: Job, options: DryRunOptions = {}): Promise<DryRunReport> {
  const limit = options.rowLimit ?? (job.calls === null ? defaultRows : defaultRowsOfCalls);
  if (!Number.isInteger(limit) || limit < 1)
    throw new UsageError("A row limit must be a whole number from 1.");
  if (job.calls?.isAtMostOnce === true) {
    throw new UsageError(
      `A dry run of ${job.name} would make its calls for real, and effects are "at most once".`,
      { remedy: `Try it on a few rows: tidefill run ${job.name} --canary "5 rows"` },
    );
  }
  participation(options, false);
  const parameters = await readParameters(job.parameters, options.parameters ?? {});
  return withSession(`tidefill dry run of ${job.name}`, options, connectionsOf(options), async (session) => {
    const { db } = session;
    await requireParametersFit(db, job.parameters, parameters);
    const unwatched = await openJob(db, job, parameters).catch(async (error: unknown) => {
      throw (await whySteps(session, job)) ?? error;
    });
    const returned = new ReturnedAsRead(unwatched);
    const slow = new SlowTransform();
    const opened = slow.watch(returned.watch(unwatched));
    const stop = new StopSignal();
    const { listeners } = participation(options, false);
    let calls: DryCalls | undefined;
    const events = new Events(job.name, 0n, [...listeners, (event) => calls?.hear(event)]);
    calls = await DryCalls.open(session, opened, { stop, events }, options.files ?? {});
    const committer = await openCommitter(db, opened, calls, limit);
    const begin = performance.now();
    const trouble = await workRange(job, committer, { stop, events }, options.signal);
    if (trouble !== undefined) throw trouble;
    const seconds = (performance.now() - begin) / 1_000;
    return {
      ...report(opened, committer, seconds),
      couldKeep: returned.columns,
      calls: calls.report(),
      shouldCall: slow.isSlow,
    };
  });
}

/** The refusal of a job that lacks its expand steps, which a dry run cannot do; null where they are done. */
async function whySteps(session: Session, job: Job): Promise<RefusedError | null> {
  const [state] = await readJobStates(session, [{ job, files: {} }]);
  const open = state?.steps.expand.open ?? [];
  if (open.length === 0) return null;
  return new RefusedError(
    "expand-steps-are-done",
    `The expand steps of ${job.name} are not done: ${open.join(", ")}. A dry run does no steps, and its rows need them.`,
    `See the steps: tidefill plan ${job.name}   Try all of it on a copy of the database, or in the job's test.`,
  );
}

async function openCommitter(
  db: Database,
  opened: OpenedJob,
  calls: DryCalls,
  limit: number,
): Promise<DryCommitter> {
  // Write the undo log too: its cost belongs to the batch, and it holds the samples. It ends with the
  // transaction.
  const log = { table: raw(dryLogName), encryption: null };
  const task = await jobTask(db, opened, { log, calls: calls.home });
  const deadlockTimeoutMs = await readDeadlockTimeout(db);
  return new DryCommitter(
    db.withSettings(opened.job.session),
    opened,
    task,
    { batchTimeMs: opened.job.batchTimeMs, deadlockTimeoutMs, limit },
    calls,
  );
}

/** Runs the one loop over all keys. Returns the error that stopped it, if any. */
async function workRange(
  job: Job,
  committer: DryCommitter,
  { stop, events }: { readonly stop: StopSignal; readonly events: Events },
  signal: AbortSignal | undefined,
): Promise<unknown> {
  stop.follow(signal);
  const pace = new SteadyPace(job.batchTimeMs);
  const control = {
    pace,
    events,
    stop,
    patience: new Patience(),
    locked: new LockedRows(),
    hasTooMany: (standing: Standing) => exceeds(job.rejectLimit, standing, "reading"),
    apply: () => {},
  };
  const work = new RangeLoop(everyKey, 1, committer, new BatchSize(pace), control);
  await work.run();
  return stop.request?.error;
}

function report(
  opened: OpenedJob,
  committer: DryCommitter,
  seconds: number,
): Omit<DryRunReport, "couldKeep" | "calls" | "shouldCall"> {
  const { counts, measured, measuredRows, samples, rejects, batches } = committer;
  const rowsPerSecond = seconds > 0 ? Math.round(counts.read / seconds) : 0;
  const { rows } = opened.estimate;
  const walBytesPerRow = measuredRows === 0 ? null : Math.round(measured.walBytes / measuredRows);
  return {
    job: opened.job.name,
    dryRun: true,
    writes: writesOf(opened),
    batches,
    rows: rowsOf(counts),
    rowsPerSecond,
    walBytesPerRow,
    measuredRows,
    triggers: measured.triggers,
    samples,
    rejects,
    whole: {
      rows: Math.round(rows),
      seconds: rowsPerSecond === 0 ? null : Math.round(rows / rowsPerSecond),
      walBytes: walBytesPerRow === null ? null : Math.round(rows * walBytesPerRow),
    },
  };
}
