import type { CommandModule } from "yargs";
import { type JobState, readJobStates } from "../../engine/job-state.ts";
import { type RunReport, readReport } from "../../engine/run-report.ts";
import { undoJob } from "../../engine/undo-job.ts";
import { undoRun } from "../../engine/undo-run.ts";
import { UsageError } from "../../errors.ts";
import { requireConfirmation } from "../confirm.ts";
import { withStore } from "../connection.ts";
import { exitCodes } from "../exit-code.ts";
import { loadInOrder } from "../load-in-order.ts";
import { loadJob } from "../load-job.ts";
import { say } from "../output.ts";
import { type CommonSettings, commonOptions, commonSettings, workOptions } from "../settings.ts";
import { takePart, type WorkSettings } from "../take-part.ts";
import { takeSteps } from "../take-steps.ts";

/** `tidefill undo <run|job>` */
export const undoCommand: CommandModule = {
  command: "undo [run]",
  describe: "take a run back: old values return where nobody has changed the row since",
  builder: (yargs) =>
    workOptions(commonOptions(yargs))
      .positional("run", { type: "string", describe: "its number, or the job's name" })
      .option("to", {
        type: "string",
        requiresArg: true,
        describe: "take back all jobs that come after this one, with their steps; `nothing` for all",
      })
      .option("yes", { type: "boolean", default: false, describe: "do it without asking" }),
  handler: async (read) => {
    const given = read as unknown as CommonSettings &
      WorkSettings & { readonly run?: string; readonly to?: string; readonly yes: boolean };
    const settings = commonSettings(given);
    if (given.to !== undefined) return undoTo(settings, given, given.to);
    const { run: name } = given;
    if (name === undefined)
      throw new UsageError("Name the run, or the job to go back to.", {
        remedy: "tidefill undo <run>   or   tidefill undo --to <job>",
      });
    const run = await withStore(settings, async (db, store) => store.runs.require(db, name));
    await requireConfirmation(given.yes, `Take back run ${run.id} of ${run.job}?`, run.job);
    const job = await loadJob(settings.jobs, run.job).then(
      (loaded) => loaded.job,
      () => undefined,
    );
    await takePart(settings, given, null, (options) => undoRun(String(run.id), { ...options, job }));
  },
};

/** Takes back all jobs that come after one of them, the last first. */
async function undoTo(
  settings: CommonSettings,
  given: WorkSettings & { readonly yes: boolean },
  to: string,
): Promise<void> {
  const all = await loadInOrder(settings, undefined);
  const last = to === "nothing" ? -1 : all.findIndex(({ job }) => job.name === to);
  if (last < 0 && to !== "nothing") await loadInOrder(settings, to);
  const after = all.slice(last + 1).reverse();
  const states = await withStore(settings, (db, store) => readJobStates(db, store, after));
  const standing = states.filter(hasSomething);
  if (standing.length === 0) return say(`Nothing stands that comes after ${to}.`);
  for (const { job, steps } of standing)
    say(
      `${job.name}: its rows${namesOf(steps)
        .map((step) => `; the step "${step}"`)
        .join("")}`,
    );
  await requireConfirmation(
    given.yes,
    `Take these ${standing.length} jobs back, the first first? What their steps have added goes, with all that is in it.`,
    to,
  );
  for (const { job, run } of standing) {
    if (run === null) {
      await takeSteps(settings, (options) => undoJob(job, options));
      continue;
    }
    await takePart({ ...settings, json: false }, given, null, async (options) => {
      const report = await undoJob(job, options);
      return report ?? lastReport(settings, job.name);
    });
    if (process.exitCode !== exitCodes.done) return;
  }
}

/** Whether a job has left anything that could be taken back. */
function hasSomething({ run, state, steps }: JobState): boolean {
  return (run !== null && state !== "undone" && state !== "pending") || namesOf(steps).length > 0;
}

/** What is done, and what was begun and never ended: both are taken back. */
function namesOf({ expand, contract }: JobState["steps"]): readonly string[] {
  return [...contract.done, ...contract.begun, ...expand.done, ...expand.begun];
}

async function lastReport(settings: CommonSettings, job: string): Promise<RunReport> {
  return withStore(settings, async (db, store) => readReport(db, store, await store.runs.require(db, job)));
}
