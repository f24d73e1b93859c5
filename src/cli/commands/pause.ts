import { requestStop } from "../../engine/control/request-stop.ts";
import { commonOptions, commonSettings } from "../options/settings.ts";
import { withStore } from "../options/with-store.ts";
import { defineTargetCommand } from "../targets/define-target-command.ts";
import { printJson, say } from "../terminal/output.ts";

/** `tidefill pause <run|job>` */
export const pauseCommand = stopCommand("paused");

/** `tidefill cancel <run|job>` */
export const cancelCommand = stopCommand("cancelled");

function stopCommand(wanted: "paused" | "cancelled") {
  return defineTargetCommand(
    {
      builder: (yargs) =>
        commonOptions(yargs).positional("run", {
          type: "string",
          demandOption: true,
          describe: "the run's number, or the job's name",
        }),
      handler: async (given) => {
        const settings = commonSettings(given);
        await withStore(settings, async (session) => {
          const report = await requestStop(session, given.run, wanted);
          if (settings.json) printJson(report);
          const isAsked = report.status === "running";
          say(
            isAsked
              ? `${report.job}, run ${report.run}: asked to be ${wanted}; its workers stop after their batches.`
              : `${report.job}, run ${report.run}: ${report.status}.`,
          );
        });
      },
    },
    { goesOn: true },
  );
}
