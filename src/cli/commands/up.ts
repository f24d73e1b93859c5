import { exitCodes } from "../../engine/report/exit-code.ts";
import type { RunReport } from "../../engine/report/run-report.ts";
import { resumeRun } from "../../engine/run/resume-run.ts";
import { runJob } from "../../engine/run/run-job.ts";
import { isDone, type JobState, readJobStates } from "../../engine/state/job-state.ts";
import { type OrphanedJob, orphanedJobs } from "../../engine/state/orphaned-jobs.ts";
import { RefusedError } from "../../errors.ts";
import { readParameters } from "../../job/definition/parameters.ts";
import { isFinished } from "../../store/runs/run-status.ts";
import { loadInOrder } from "../jobs/load-in-order.ts";
import type { LoadedJob } from "../jobs/load-job.ts";
import { type CommonSettings, commonOptions, commonSettings, workOptions } from "../options/settings.ts";
import { withStore } from "../options/with-store.ts";
import { defineTargetCommand } from "../targets/define-target-command.ts";
import { printData, printJson, say } from "../terminal/output.ts";
import { type WorkSettings, workOnRun } from "../work/work-on-run.ts";

/** `tidefill up [--to <job>] [--dry-run]` */
export const upCommand = defineTargetCommand({
  builder: (yargs) =>
    workOptions(commonOptions(yargs))
      .option("to", { type: "string", requiresArg: true, describe: "stop after this job" })
      .option("dry-run", {
        type: "boolean",
        default: false,
        describe: "show what would be done, and in which order",
      }),
  handler: async (given) => {
    const settings = commonSettings(given);
    const loaded = await loadInOrder(settings, given.to);
    const all = given.to === undefined ? loaded : await loadInOrder(settings, undefined);
    const states = await withStore(
      settings,
      async (session) => {
        const every = await readJobStates(session, all);
        const here = every.filter(({ job }) => loaded.some((each) => each.job.name === job.name));
        requireNames(here, await orphanedJobs(session, every));
        return here;
      },
      { needsSchema: false, isAnnounced: true },
    );
    const pending: JobState[] = [];
    for (const state of states.filter((each) => !isDone(each))) {
      if (await needsParameters(state))
        say(`${state.job.name} wants parameters: tidefill run ${state.job.name} --param name=value`);
      else pending.push(state);
    }
    for (const { job, changedSince } of states.filter(isDone))
      if (changedSince.length > 0)
        say(`${job.name} has changed since it succeeded: ${changedSince.join(", ")}.`);
    if (given.dryRun) return show(settings, pending);
    if (pending.length === 0) say("Nothing is pending.");
    const jobs: { readonly job: string; readonly report: RunReport }[] = [];
    for (const state of pending) {
      const one = loaded.find(({ job }) => job === state.job);
      if (one === undefined) break;
      const report = await bringUp(settings, given, one, state);
      jobs.push({ job: one.job.name, report });
      if (report.status !== "succeeded" || process.exitCode !== exitCodes.done) break;
    }
    if (settings.json) printJson({ jobs });
  },
});

/** @throws RefusedError when a renamed job would be done a second time */
function requireNames(states: readonly JobState[], gone: readonly OrphanedJob[]): void {
  for (const { run, renamedTo } of gone) {
    if (!states.some(({ job }) => job.name === renamedTo)) continue;
    throw new RefusedError(
      "job-keeps-its-name",
      `The job ${run.job} has run here (run ${run.id}), but its file is gone, and ${renamedTo} does exactly the same. Nothing was started.`,
      `Rename ${renamedTo} back to ${run.job}. Only to do the work a second time: tidefill run ${renamedTo}`,
    );
  }
}

/** Whether the job cannot begin without parameters; a run that has begun has its own. */
async function needsParameters({ job, run, state }: JobState): Promise<boolean> {
  if (run !== null && (state === "succeeded" || !isFinished(run.status))) return false;
  return readParameters(job.parameters, {}).then(
    () => false,
    () => true,
  );
}

/** Runs or resumes one job. */
async function bringUp(
  settings: CommonSettings,
  given: WorkSettings,
  loaded: LoadedJob,
  { job, run, undo, state }: JobState,
): Promise<RunReport> {
  if (state === "partly undone")
    throw new RefusedError(
      "no-unfinished-run",
      `Only a part of ${job.name} was undone, by run ${undo?.id} (${undo?.status}).`,
      `Undo the rest: tidefill undo ${job.name}   and then: tidefill up   or do the work again: tidefill run ${job.name} --again`,
    );
  const isBegun = run !== null && (state === "succeeded" || !isFinished(run.status));
  const quiet = { ...settings, json: false };
  return workOnRun(quiet, given, loaded, (options) =>
    isBegun
      ? resumeRun(job, String(run.id), options)
      : runJob(job, { ...options, again: state === "undone" }),
  );
}

function show(settings: CommonSettings, pending: readonly JobState[]): void {
  const rows = pending.map(({ job, state, steps }) => ({
    job: job.name,
    state,
    after: job.after,
    expand: steps.expand.open,
    contract: steps.contract.open,
  }));
  if (settings.json) printJson({ pending: rows });
  else if (rows.length === 0) printData("Nothing is pending.");
  else printData(pending.map(describe).join("\n"));
}

function describe({ job, state, steps }: JobState, index: number): string {
  return [
    `${index + 1}. ${job.name} (${state})`,
    ...steps.expand.open.map((step) => `     before  ${step}`),
    ...steps.contract.open.map((step) => `     after   ${step}`),
  ].join("\n");
}
