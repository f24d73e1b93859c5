import { resumeRun } from "../../engine/run/resume-run.ts";
import { commonOptions, commonSettings, workOptions } from "../options/settings.ts";
import { defineTargetCommand } from "../targets/define-target-command.ts";
import { loadJobOfRun } from "../work/load-job-of-run.ts";
import { workOnRun } from "../work/work-on-run.ts";

/** `tidefill resume <run|job>` */
export const resumeCommand = defineTargetCommand({
  builder: (yargs) =>
    workOptions(commonOptions(yargs))
      .positional("run", {
        type: "string",
        demandOption: true,
        describe: "the run's number, or the job's name",
      })
      .option("accept-changes", {
        type: "boolean",
        default: false,
        describe: "go on although the job's code or the table has changed since the run began",
      }),
  handler: async (given) => {
    const settings = commonSettings(given);
    // From here on by its number: another run of the job may begin meanwhile.
    const { id, loaded } = await loadJobOfRun(settings, given.run);
    await workOnRun(settings, given, loaded, (options) =>
      resumeRun(loaded?.job ?? null, String(id), { ...options, acceptChanges: given.acceptChanges }),
    );
  },
});
