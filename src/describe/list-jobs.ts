import { readReport } from "../engine/report/run-report.ts";
import { type JobState, type JobWithFiles, neverRun, readJobStates } from "../engine/state/job-state.ts";
import { type OrphanedJob, orphanedJobs } from "../engine/state/orphaned-jobs.ts";
import type { Stop } from "../remedies/stops.ts";
import { waitingOf } from "../remedies/waiting.ts";
import type { Run } from "../store/runs/run.ts";
import { isFinished } from "../store/runs/run-status.ts";
import type { Session } from "../store/session.ts";

/** A job as `list` shows it. */
export interface ListedJob {
  readonly job: string;
  /** `–` when the job's file is gone */
  readonly kind: string;
  /**
   * `pending`, `running`, `succeeded`, `undone`, `partly undone`, …; `unknown` where the database cannot be
   * reached
   */
  readonly state: string;
  /** what has changed since the job succeeded */
  readonly changedSince: readonly string[];
  /** earlier runs that are not undone although the last one is */
  readonly standing: readonly number[];
  readonly openSteps: readonly string[];
  readonly after: readonly string[];
  /** why its last run waits or has stopped, and what to type; null where it does neither */
  readonly waiting: Stop | null;
  readonly lastRun: {
    readonly run: number;
    readonly status: string;
    readonly startedAt: string | null;
    readonly finishedAt: string | null;
    /** the run that undid it */
    readonly undoneBy: number | null;
  } | null;
}

/**
 * The jobs of the folder with their states in a database, then those that have run there and have no file.
 * `ignored` are names of files that cannot be loaded: they are not gone.
 */
export async function listJobs(
  session: Session,
  jobs: readonly JobWithFiles[],
  ignored: readonly string[],
): Promise<readonly ListedJob[]> {
  const states = await readJobStates(session, jobs);
  const gone = await orphanedJobs(session, states);
  const waiting = await waitingRuns(session, states);
  const standing = await standingOf(session, states);
  return [
    ...states.map((state) => listed(state, standing.get(state.job.name) ?? [], waiting)),
    ...gone.filter(({ run }) => !ignored.includes(run.job)).map(listedGone),
  ];
}

/** The same where the database cannot be reached. */
export function jobsOfUnknownState(jobs: readonly JobWithFiles[]): readonly ListedJob[] {
  return jobs.map((job) => listed({ ...neverRun(job), state: "unknown" }, [], new Map()));
}

async function waitingRuns(
  session: Session,
  states: readonly JobState[],
): Promise<ReadonlyMap<string, Stop>> {
  const found = new Map<string, Stop>();
  for (const { job, run } of states) {
    if (run === null || isFinished(run.status)) continue;
    const waiting = waitingOf(await readReport(session, run));
    if (waiting !== null) found.set(job.name, waiting);
  }
  return found;
}

/** For each job whose last run was undone: the earlier runs that were not. */
async function standingOf(
  { db, store }: Session,
  states: readonly JobState[],
): Promise<ReadonlyMap<string, readonly number[]>> {
  const found = new Map<string, readonly number[]>();
  for (const { job, state } of states) {
    if (state !== "undone") continue;
    const runs = await store.runs.notUndone(db, job.name, true);
    found.set(
      job.name,
      runs.map(({ id }) => Number(id)),
    );
  }
  return found;
}

/** The state of a job; `unknown` where the database cannot be reached. */
type Standing = Omit<JobState, "state"> & { readonly state: JobState["state"] | "unknown" };

function listed(
  { job, run, state, changedSince, steps }: Standing,
  standing: readonly number[],
  runs: ReadonlyMap<string, Stop>,
): ListedJob {
  const openSteps = [...steps.expand.open, ...steps.contract.open];
  const lastRun = lastRunOf(run);
  const { name, kind, after } = job;
  return {
    job: name,
    kind,
    state,
    changedSince,
    standing,
    openSteps,
    after,
    waiting: runs.get(name) ?? null,
    lastRun,
  };
}

function listedGone({ run, renamedTo }: OrphanedJob): ListedJob {
  const state = renamedTo === null ? "its file is gone" : `its file is gone; renamed to ${renamedTo}?`;
  return {
    job: run.job,
    kind: "–",
    state,
    changedSince: [],
    standing: [],
    openSteps: [],
    after: [],
    waiting: null,
    lastRun: lastRunOf(run),
  };
}

function lastRunOf(run: Run | null): ListedJob["lastRun"] {
  if (run === null) return null;
  return {
    run: Number(run.id),
    status: run.status,
    startedAt: run.startedAt,
    finishedAt: run.finishedAt,
    undoneBy: run.undoneBy === null ? null : Number(run.undoneBy),
  };
}
