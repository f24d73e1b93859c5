import { exitCodes } from "../../engine/report/exit-code.ts";
import { runJob } from "../../engine/run/run-job.ts";
import { UsageError } from "../../errors.ts";
import type { Duration } from "../../job/pace/duration.ts";
import { loadJob } from "../jobs/load-job.ts";
import { parseParameters } from "../options/parse-parameters.ts";
import { commonOptions, commonSettings, workOptions } from "../options/settings.ts";
import { defineTargetCommand } from "../targets/define-target-command.ts";
import { showDryRun } from "../work/show-dry-run.ts";
import { workOnRun } from "../work/work-on-run.ts";
import { verify } from "./verify.ts";

/** `tidefill run <job>` */
export const runCommand = defineTargetCommand({
  builder: (yargs) =>
    workOptions(commonOptions(yargs))
      .positional("job", { type: "string", demandOption: true })
      .option("param", {
        type: "string",
        array: true,
        default: [],
        describe: "a parameter of the job, name=value",
      })
      .option("again", {
        type: "boolean",
        default: false,
        describe: "run it although it has succeeded before",
      })
      .option("dry-run", {
        type: "boolean",
        default: false,
        describe: "do real batches on real rows and roll them back",
      })
      .option("row-limit", {
        type: "number",
        describe: "rows of a dry run (10,000 when not given; 10 where the job calls another system)",
      })
      .option("canary", {
        type: "string",
        describe: "do this part first, verify it and stop with exit code 75: 1%, or 5000 rows",
      })
      .option("stages", {
        type: "string",
        describe: "work in these stages, each verified before the next begins: 1%,10%,100%",
      })
      .option("soak", { type: "string", describe: "how long to wait after each stage (1m when not given)" })
      .option("verify", {
        type: "boolean",
        default: false,
        describe: "verify the run when it has succeeded, and check the job's integrity queries",
      }),
  handler: async (given) => {
    const { again, canary, stages, soak } = given;
    const settings = commonSettings(given);
    const parameters = parseParameters(given.param);
    const loaded = await loadJob(settings.jobs, given.job);
    if (given.dryRun) return showDryRun(settings, loaded.job, { parameters, rowLimit: given.rowLimit });
    if (given.rowLimit !== undefined) {
      throw new UsageError("--row-limit belongs to --dry-run.", {
        remedy: `tidefill run ${given.job} --dry-run`,
      });
    }
    const report = await workOnRun(settings, given, loaded, (options) =>
      runJob(loaded.job, { ...options, parameters, again, canary, stages, soak: soak as Duration }),
    );
    if (!given.verify || report.status !== "succeeded" || !report.hasRows) return;
    const code = process.exitCode;
    await verify(settings, given, loaded, { run: BigInt(report.run) });
    if (process.exitCode === exitCodes.done) process.exitCode = code;
  },
});
