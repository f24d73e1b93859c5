import { requestStop } from "../../engine/control/request-stop.ts";
import { defineCommand } from "../options/define-command.ts";
import { commonOptions, commonSettings } from "../options/settings.ts";
import { withStore } from "../options/with-store.ts";
import { printJson, say } from "../terminal/output.ts";

/** `tidefill pause <run|job>` */
export const pauseCommand = stopCommand(
  "pause",
  "paused",
  "let the workers end their batches and stop; `resume` goes on",
);

/** `tidefill cancel <run|job>` */
export const cancelCommand = stopCommand(
  "cancel",
  "cancelled",
  "end a run for good; what is committed stays",
);

function stopCommand(verb: string, wanted: "paused" | "cancelled", describe: string) {
  return defineCommand({
    command: `${verb} <run>`,
    describe,
    builder: (yargs) =>
      commonOptions(yargs).positional("run", {
        type: "string",
        demandOption: true,
        describe: "its number, or the job's name",
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
  });
}
