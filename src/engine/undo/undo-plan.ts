import type { Job } from "../../job/definition/define-job.ts";
import type { Run } from "../../store/runs/run.ts";
import { isFinished } from "../../store/runs/run-status.ts";
import type { KnownStep } from "../../store/runs/steps.ts";
import type { Session } from "../../store/session.ts";

/** What a job has left that could be undone. */
export interface UndoPlan {
  readonly job: Job;
  /** the runs that are not undone, including cancelled ones that wrote rows; newest first */
  readonly runs: readonly Run[];
  /** its steps that were begun or done; last first */
  readonly steps: readonly KnownStep[];
  /** a run or undo that has not ended, or null */
  readonly unfinished: Run | null;
}

/** Reads what a job has left that could be undone. */
export async function readUndoPlan(session: Session, job: Job): Promise<UndoPlan> {
  const { db, store } = session;
  await store.runs.settle(db, job.name);
  const last = await store.runs.latest(db, job.name);
  const steps = await store.steps.known(db, job.name);
  return {
    job,
    runs: await standingRuns(session, job.name),
    steps: [...steps].reverse(),
    unfinished: last === null || isFinished(last.status) ? null : last,
  };
}

/** The runs of a job whose rows are not undone, newest first. */
export async function standingRuns({ db, store }: Session, job: string): Promise<readonly Run[]> {
  const standing = await store.runs.allStanding(db, job);
  const written = await store.runs.notUndone(db, job, true);
  const rest = written.filter(
    ({ id, status }) => isFinished(status) && !standing.some((run) => run.id === id),
  );
  return [...standing, ...rest].toSorted((left, right) => (left.id < right.id ? 1 : -1));
}

/** Whether a job has left anything that could be undone. */
function hasSomething({ runs, steps, unfinished }: UndoPlan): boolean {
  return runs.length > 0 || steps.length > 0 || unfinished !== null;
}

/**
 * What to undo to get back to the moment when job `to` was just done, in the order of undoing: the jobs that
 * come `after` it, and those that were first done later; all jobs when `to` is null. `ordered` is the order
 * in which jobs are run.
 */
export function plansAfter(ordered: readonly UndoPlan[], to: string | null): readonly UndoPlan[] {
  const since = new Map<string, number>();
  const later = new Set<string>();
  const target = ordered.find(({ job }) => job.name === to);
  for (const plan of ordered) {
    const { name, after } = plan.job;
    // A job that was run again after the jobs that depend on it is still undone after them.
    since.set(name, Math.max(firstDone(plan.runs), ...after.map((each) => since.get(each) ?? 0)));
    const isLater = target === undefined || firstDone(plan.runs) > firstDone(target.runs);
    if (name !== to && (isLater || after.some((each) => each === to || later.has(each)))) later.add(name);
  }
  return ordered
    .filter((plan) => later.has(plan.job.name) && hasSomething(plan))
    .toReversed()
    .toSorted((left, right) => compare(since.get(right.job.name) ?? 0, since.get(left.job.name) ?? 0));
}

/** The number of the oldest run, since numbers rise with time; infinity without a run, as for begun steps. */
export function firstDone(runs: readonly Run[]): number {
  return Number(runs.at(-1)?.id ?? Number.POSITIVE_INFINITY);
}

// Not a subtraction: infinity minus infinity is NaN.
function compare(left: number, right: number): number {
  return left === right ? 0 : left < right ? -1 : 1;
}
