import type { CommandModule } from "yargs";
import { resumeRun } from "../../engine/run-job.ts";
import { withStore } from "../connection.ts";
import { loadJob } from "../load-job.ts";
import { type CommonSettings, commonOptions, commonSettings, workOptions } from "../settings.ts";
import { takePart } from "../take-part.ts";

/** `tidefill resume <run|job>` */
export const resumeCommand: CommandModule = {
  command: "resume <run>",
  describe: "go on with an unfinished run, or join it while others work on it",
  builder: (yargs) =>
    workOptions(commonOptions(yargs))
      .positional("run", { type: "string", demandOption: true, describe: "its number, or the job's name" })
      .option("accept-changes", {
        type: "boolean",
        default: false,
        describe: "go on although the job's code or the table has changed since the run began",
      }),
  handler: async (read) => {
    const given = read as unknown as ResumeArguments;
    const settings = commonSettings(given);
    const name = await jobOf(settings, given.run);
    const loaded = await loadJob(settings.jobs, name);
    await takePart(settings, given, loaded, (options) =>
      resumeRun(loaded.job, given.run, { ...options, acceptChanges: given.acceptChanges }),
    );
  },
};

interface ResumeArguments {
  readonly run: string;
  readonly acceptChanges: boolean;
  readonly jobs: string;
  readonly schema: string;
  readonly json: boolean;
  readonly workers: number;
  readonly lease: string;
}

/** The name of the job that a run is of, when only its number was given. */
async function jobOf(settings: CommonSettings, run: string): Promise<string> {
  if (!/^\d+$/.test(run)) return run;
  return withStore(settings, async (db, store) => (await store.runs.require(db, run)).job);
}
