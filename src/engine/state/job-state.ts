import type { Job } from "../../job/definition/define-job.ts";
import { beforeLoss } from "../../job/steps/before-loss.ts";
import { hashOf } from "../../steps/compare/done.ts";
import type { Run } from "../../store/runs/run.ts";
import { isFinished } from "../../store/runs/run-status.ts";
import type { KnownStep, StepPhase } from "../../store/runs/steps.ts";
import { installedVersion } from "../../store/schema/store-schema.ts";
import type { Session } from "../../store/session.ts";

/** A job, and the hashes of the files that it was made of. */
export interface JobWithFiles {
  readonly job: Job;
  readonly files: Readonly<Record<string, string>>;
}

/** The state of a job in a database. */
export interface JobState {
  readonly job: Job;
  /** its last run of kind `run`, or the one that stands where that was cancelled; null where there is none */
  readonly run: Run | null;
  readonly state: "pending" | "undone" | "partly undone" | Run["status"];
  /** the undo that has undone only a part of it, or null */
  readonly undo: Run | null;
  /** files of the job and done steps that have changed since it succeeded */
  readonly changedSince: readonly string[];
  /** names of its steps by phase; `open` are those in the job's file that are not done, even if begun */
  readonly steps: Readonly<Record<StepPhase, StepNames>>;
}

interface StepNames {
  readonly done: readonly string[];
  readonly begun: readonly string[];
  readonly open: readonly string[];
}

/** Whether nothing of a job is left to do, except what waits for `tidefill contract`. */
export function isDone(state: JobState): boolean {
  return state.state === "succeeded" && contractToResume(state).length === 0;
}

/** For a job whose rows are done: the open contract steps that destroy nothing. */
export function contractToResume({ job, state, steps }: JobState): readonly string[] {
  if (state !== "succeeded") return [];
  return beforeLoss(job.contract)
    .map(({ name }) => name)
    .filter((name) => steps.contract.open.includes(name));
}

/** Reads the states of jobs. Writes nothing; tidefill's schema may be missing. */
export async function readJobStates(
  { db, store }: Session,
  jobs: readonly JobWithFiles[],
): Promise<readonly JobState[]> {
  const isInstalled = (await installedVersion(db, store.schema)) !== null;
  const runs: Run[] = [];
  // A run that was cancelled says nothing about the job where an earlier one has done its work.
  for (const run of isInstalled ? await store.runs.latestOfEach(db) : [])
    runs.push(run.status === "cancelled" ? ((await store.runs.standing(db, run.job)) ?? run) : run);
  const undos = isInstalled ? await readUndos({ db, store }) : noUndos;
  const known = isInstalled ? await store.steps.known(db) : [];
  return jobs.map((each) => {
    const isOf = ({ job }: { readonly job: string }): boolean => job === each.job.name;
    const run = runs.find(isOf) ?? null;
    return stateOf(each, run, partUndo(each.job.name, run, undos), known.filter(isOf));
  });
}

/** The state of a job without a run or a done step. */
export function neverRun(job: JobWithFiles): JobState {
  return stateOf(job, null, null, []);
}

function stateOf(
  { job, files }: JobWithFiles,
  run: Run | null,
  undo: Run | null,
  known: readonly KnownStep[],
): JobState {
  const of = (phase: StepPhase): StepNames => {
    const names = (areDone: boolean) =>
      known
        .filter((step) => step.phase === phase && (step.state === "done") === areDone)
        .map(({ name }) => name);
    const done = names(true);
    const open = job[phase].map(({ name }) => name).filter((name) => !done.includes(name));
    return { done, begun: names(false), open };
  };
  return {
    job,
    run,
    state: undo !== null ? "partly undone" : stateOfRun(run),
    undo,
    changedSince: [...changedFiles(run, files), ...changedSteps(job, known)],
    steps: { expand: of("expand"), contract: of("contract") },
  };
}

/** The undos of all jobs, as far as the states of jobs depend on them. */
export interface Undos {
  /** the newest of each job, finished or not */
  readonly latest: readonly Run[];
  /** those that have restored rows or undone steps */
  readonly restoring: readonly Run[];
}

export const noUndos: Undos = { latest: [], restoring: [] };

export async function readUndos({ db, store }: Session): Promise<Undos> {
  return { latest: await store.runs.latestOfEach(db, "undo"), restoring: await store.runs.restoring(db) };
}

/**
 * The undo by which only a part of a job's work is undone, or null: it is unfinished, or was cancelled or had
 * rejects; or it has restored rows of an earlier run, while `run` did its work before and stands.
 */
export function partUndo(job: string, run: Run | null, { latest, restoring }: Undos): Run | null {
  const last = latest.find((undo) => undo.job === job) ?? null;
  if (last !== null && !isFinished(last.status)) return last;
  if (run === null || run.undoneBy !== null) return null;
  if (last?.ofRun === run.id) return last;
  if (run.status !== "succeeded") return null;
  const isOfEarlier = ({ id, ofRun }: Run): boolean => ofRun !== null && ofRun < run.id && run.id < id;
  return restoring.find((undo) => undo.job === job && isOfEarlier(undo)) ?? null;
}

function stateOfRun(run: Run | null): JobState["state"] {
  if (run === null) return "pending";
  if (run.undoneBy !== null) return "undone";
  return run.status === "cancelled" ? "pending" : run.status;
}

function changedFiles(run: Run | null, files: JobWithFiles["files"]): string[] {
  if (run === null || run.undoneBy !== null || Object.keys(run.code.files).length === 0) return [];
  return Object.keys({ ...run.code.files, ...files }).filter((file) => run.code.files[file] !== files[file]);
}

function changedSteps(job: Job, known: readonly KnownStep[]): string[] {
  return known
    .filter(({ state }) => state === "done")
    .filter(({ phase, name, definition }) => {
      const step = job[phase].find((each) => each.name === name);
      return step === undefined || hashOf(step) !== definition;
    })
    .map(({ name }) => `the step "${name}"`);
}
