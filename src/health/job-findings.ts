import { readReport } from "../engine/report/run-report.ts";
import { contractToResume, type JobState } from "../engine/state/job-state.ts";
import { type OrphanedJob, orphanedJobs } from "../engine/state/orphaned-jobs.ts";
import type { ParameterSpec } from "../job/definition/parameters.ts";
import type { Stop } from "../remedies/stops.ts";
import { waitingOf } from "../remedies/waiting.ts";
import type { Run } from "../store/runs/run.ts";
import { isFinished } from "../store/runs/run-status.ts";
import type { Examination, Examined, Finding } from "./finding.ts";

/** Jobs that are not done, or that have changed since they were done. */
export const jobFindings: Examination = async (examined) => {
  const found: Finding[] = [];
  for (const state of examined.states)
    found.push(...ofState(state, await known(examined, state)), ...ofChange(state), ...ofOpenSteps(state));
  return [...found, ...(await goneFindings(examined))];
};

async function goneFindings({ db, store, all }: Examined): Promise<Finding[]> {
  return store === null ? [] : (await orphanedJobs({ db, store }, all)).flatMap(ofGone);
}

/** What the store tells of a job's runs. */
interface Known {
  /** why its last run waits or has stopped; null where it does neither */
  readonly waits: Stop | null;
  /** an earlier run of the job was not undone, so `run` needs `--again` */
  readonly hasStanding: boolean;
}

async function known({ db, store }: Examined, { job, run, state }: JobState): Promise<Known> {
  if (store === null || run === null) return { waits: null, hasStanding: false };
  const hasStanding = state === "undone" && (await store.runs.standing(db, job.name)) !== null;
  return {
    waits: isFinished(run.status) ? null : waitingOf(await readReport({ db, store }, run)),
    hasStanding,
  };
}

/** The file of a finished job may go, unless the job was only renamed. */
function ofGone({ run, renamedTo }: OrphanedJob): Finding[] {
  if (renamedTo !== null)
    return [
      {
        code: "renamed-job",
        job: renamedTo,
        message: `${run.job} has run here (run ${run.id}), but its file is gone, and ${renamedTo} does exactly the same.`,
        remedy: `Rename ${renamedTo} back to ${run.job}. Only to do the work a second time: tidefill run ${renamedTo}`,
      },
    ];
  if (isFinished(run.status)) return [];
  const message = `${run.job} is ${run.status}, run ${run.id}, and its file is gone.`;
  const remedy = `Restore its file, then: tidefill resume ${run.job}   or give it up: tidefill cancel ${run.id}`;
  return [{ code: "gone-job", job: run.job, message, remedy }];
}

function ofState(
  { job: { name, parameters }, run, undo, state }: JobState,
  { waits, hasStanding }: Known,
): Finding[] {
  const finding = (code: string, message: string, remedy: string): Finding[] => [
    { code, job: name, message, remedy },
  ];
  switch (state) {
    case "succeeded":
      return [];
    case "failed":
      return finding(
        "failed-job",
        sentence(`${name}, run ${run?.id}, has ${waits?.what ?? "failed"}`),
        waits?.remedy ?? `tidefill resume ${name}`,
      );
    case "running":
      return finding(
        "running-job",
        sentence(`${name}, run ${run?.id}, is running${waits === null ? "" : `, ${waits.what}`}`),
        waits?.remedy ?? `tidefill status ${name}`,
      );
    case "paused":
    case "interrupted":
      return finding(
        "unfinished-job",
        sentence(`${name}, run ${run?.id}, is ${waits?.what ?? state}`),
        waits?.remedy ?? `tidefill resume ${name}`,
      );
    case "undone":
      return finding(
        "undone-job",
        `${name} was undone by run ${run?.undoneBy}.`,
        `Do it again: tidefill run ${name}${hasStanding ? " --again" : ""}   or remove it from the folder`,
      );
    case "partly undone":
      return finding("partly-undone-job", ...partlyUndone(name, run, undo));
    default:
      return finding("pending-job", ...pending(name, run, howToBegin(name, parameters)));
  }
}

/** What of a job is undone, and what to type: an undo to go on with, or a choice between two states. */
function partlyUndone(
  name: string,
  run: Run | null,
  undo: Run | null,
): readonly [message: string, remedy: string] {
  const message = `Only a part of ${name} is undone: run ${undo?.ofRun}, by run ${undo?.id} (${undo?.status}).`;
  const rest = `tidefill undo ${name}`;
  if (undo === null || run === null || undo.ofRun === run.id || !isFinished(undo.status))
    return [message, `Undo the rest: ${rest}`];
  return [
    `${message} Run ${run.id} stands.`,
    `To have its rows done: tidefill run ${name} --again   to have none: ${rest}, for each run that stands`,
  ];
}

/** Why a job is pending, and what to type. */
function pending(name: string, run: Run | null, begin: string): readonly [message: string, remedy: string] {
  if (run?.status !== "cancelled") return [`${name} is pending.`, begin];
  return [
    `${name} is pending: its run ${run.id} was cancelled, and what it wrote stays.`,
    `Do the rest: ${begin}   or undo what it wrote: tidefill undo ${run.id}`,
  ];
}

function sentence(text: string): string {
  return text.endsWith(".") ? text : `${text}.`;
}

/** `up` skips a job that needs parameters. */
function howToBegin(name: string, parameters: ParameterSpec): string {
  const wanted = Object.entries(parameters).flatMap(([parameter, type]) =>
    typeof type === "string" && type.endsWith("?") ? [] : [` --param ${parameter}=…`],
  );
  return wanted.length === 0 ? `tidefill up --to ${name}` : `tidefill run ${name}${wanted.join("")}`;
}

function ofChange({ job: { name }, run, changedSince }: JobState): Finding[] {
  if (changedSince.length === 0) return [];
  const what = changedSince.join(", ");
  const message = `${name} has changed since run ${run?.id ?? "of its steps"}: ${what}.`;
  const again =
    run !== null && !isFinished(run.status)
      ? `or go on with the change: tidefill resume ${name} --accept-changes`
      : `or put the change into a new job; tidefill run ${name} --again does its rows once more`;
  const remedy = `Restore it, ${again}`;
  return [{ code: "changed-job", job: name, message, remedy }];
}

function ofOpenSteps(given: JobState): Finding[] {
  const { state, steps } = given;
  const { name } = given.job;
  if (state !== "succeeded" || steps.contract.open.length === 0) return [];
  const message = `${name} has contract steps that are not done: ${steps.contract.open.join(", ")}.`;
  const remedy =
    contractToResume(given).length > 0
      ? `Go on with them: tidefill up --to ${name}`
      : `When every program has stopped using this: tidefill contract ${name}`;
  return [{ code: "open-steps", job: name, message, remedy }];
}
