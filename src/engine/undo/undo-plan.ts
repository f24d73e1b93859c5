import type { Job } from "../../job/definition/define-job.ts";
import type { Run } from "../../store/runs/run.ts";
import { isFinished } from "../../store/runs/run-status.ts";
import type { KnownStep } from "../../store/runs/steps.ts";
import type { Session } from "../../store/session.ts";

/** What there is of a job that could be undone. */
export interface UndoPlan {
  readonly job: Job;
  /** the runs that stand, those that were cancelled among their rows too; the newest first */
  readonly runs: readonly Run[];
  /** its steps that are done, or that were begun; the last first */
  readonly steps: readonly KnownStep[];
  /** a run, or an undo, that has not ended; or null */
  readonly unfinished: Run | null;
}

/** Looks what there is of a job. */
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

/** The runs of a job whose rows nobody has undone, the newest first. */
export async function standingRuns({ db, store }: Session, job: string): Promise<readonly Run[]> {
  const standing = await store.runs.allStanding(db, job);
  const written = await store.runs.notUndone(db, job, true);
  const others = written.filter(
    ({ id, status }) => isFinished(status) && !standing.some((run) => run.id === id),
  );
  return [...standing, ...others].toSorted((left, right) => (left.id < right.id ? 1 : -1));
}

/** Whether a job has left anything that could be undone. */
function hasSomething({ runs, steps, unfinished }: UndoPlan): boolean {
  return runs.length > 0 || steps.length > 0 || unfinished !== null;
}

/**
 * What has to be undone so that all is as it was when a job had just been done: the jobs that come `after` it, and those that
 * were first done later; all of them where it is null. In the order in which they go. `ordered` is that in which they are done.
 */
export function plansAfter(ordered: readonly UndoPlan[], to: string | null): readonly UndoPlan[] {
  const since = new Map<string, number>();
  const later = new Set<string>();
  const target = ordered.find(({ job }) => job.name === to);
  for (const plan of ordered) {
    const { name, after } = plan.job;
    // A job that was done anew after those that come after it has to go after them all the same.
    since.set(name, Math.max(firstDone(plan.runs), ...after.map((each) => since.get(each) ?? 0)));
    const isLater = target === undefined || firstDone(plan.runs) > firstDone(target.runs);
    if (name !== to && (isLater || after.some((each) => each === to || later.has(each)))) later.add(name);
  }
  return ordered
    .filter((plan) => later.has(plan.job.name) && hasSomething(plan))
    .toReversed()
    .toSorted((left, right) => compare(since.get(right.job.name) ?? 0, since.get(left.job.name) ?? 0));
}

/** Numbers of runs go with time; of steps that were only begun there is no run yet. */
export function firstDone(runs: readonly Run[]): number {
  return Number(runs.at(-1)?.id ?? Number.POSITIVE_INFINITY);
}

// Infinity less infinity is no number.
function compare(left: number, right: number): number {
  return left === right ? 0 : left < right ? -1 : 1;
}
