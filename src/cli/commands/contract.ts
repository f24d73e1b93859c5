import { contractJob } from "../../engine/run/contract-job.ts";
import { readJobStates } from "../../engine/state/job-state.ts";
import { takesAway } from "../../job/steps/steps.ts";
import { loadJob } from "../jobs/load-job.ts";
import { commonOptions, commonSettings, hoursOptions } from "../options/settings.ts";
import { withStore } from "../options/with-store.ts";
import { defineTargetCommand } from "../targets/define-target-command.ts";
import { printJson, say } from "../terminal/output.ts";
import { requireConfirmation } from "../terminal/require-confirmation.ts";
import { runSteps } from "../work/run-steps.ts";

/** `tidefill contract <job>` */
export const contractCommand = defineTargetCommand({
  builder: (yargs) =>
    hoursOptions(commonOptions(yargs))
      .positional("job", { type: "string", demandOption: true })
      .option("yes", { type: "boolean", default: false, describe: "do not ask for confirmation" }),
  handler: async (given) => {
    const settings = commonSettings(given);
    const loaded = await loadJob(settings.jobs, given.job);
    const [state] = await withStore(settings, (session) => readJobStates(session, [loaded]), {
      isAnnounced: true,
    });
    const open = state?.steps.contract.open ?? [];
    const lost = loaded.job.contract.filter((step) => takesAway(step) && open.includes(step.name));
    if (lost.length > 0) {
      const question = `${lost.map(({ name }) => name).join(", ")}: has every program stopped using this?`;
      await requireConfirmation(given.yes, question, given.job);
    }
    const report = await runSteps(settings, given, (options) => contractJob(loaded.job, options));
    if (settings.json) printJson({ job: given.job, ...report });
    if (report.done === 0) say(`${given.job} has no contract steps left.`);
  },
});
