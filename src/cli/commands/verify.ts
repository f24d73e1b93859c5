import { type VerifyOptions, verifyRun } from "../../engine/verify/verify-run.ts";
import { type LoadedJob, loadJob } from "../jobs/load-job.ts";
import { parseParameters } from "../options/parse-parameters.ts";
import { type CommonSettings, commonOptions, commonSettings, workOptions } from "../options/settings.ts";
import { withStore } from "../options/with-store.ts";
import { defineTargetCommand } from "../targets/define-target-command.ts";
import { type WorkSettings, workOnRun } from "../work/work-on-run.ts";

/** `tidefill verify <run|job>` */
export const verifyCommand = defineTargetCommand(
  {
    builder: (yargs) =>
      workOptions(commonOptions(yargs))
        .positional("run", {
          type: "string",
          demandOption: true,
          describe: "the run's number, or the job's name",
        })
        .option("param", {
          type: "string",
          array: true,
          default: [],
          describe: "a parameter of the job, name=value, for a job that has never run",
        }),
    handler: async (given) => {
      const settings = commonSettings(given);
      const isNumber = /^\d+$/.test(given.run);
      const run = isNumber
        ? await withStore(settings, async ({ db, store }) => store.runs.require(db, given.run), {
            isAnnounced: true,
          })
        : null;
      const loaded = await loadJob(settings.jobs, run?.job ?? given.run);
      await verify(settings, given, loaded, { run: run?.id, parameters: parseParameters(given.param) });
    },
  },
  { goesOn: true },
);

/** Verifies with progress line, metrics and log; exit code 4 when rows differ or a rule is broken. */
export async function verify(
  settings: CommonSettings,
  given: WorkSettings,
  loaded: LoadedJob,
  compared: Pick<VerifyOptions, "run" | "parameters">,
): Promise<void> {
  await workOnRun(settings, given, loaded, (options) => verifyRun(loaded.job, { ...options, ...compared }));
}
