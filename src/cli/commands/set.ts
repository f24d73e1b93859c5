import { describePace } from "../../describe/describe-pace.ts";
import { setPace } from "../../engine/control/set-pace.ts";
import { commonOptions, commonSettings } from "../options/settings.ts";
import { withStore } from "../options/with-store.ts";
import { defineTargetCommand } from "../targets/define-target-command.ts";
import { emphasise, printJson, say } from "../terminal/output.ts";

/** `tidefill set <run|job> workers=2 batch-time=100ms` */
export const setCommand = defineTargetCommand(
  {
    builder: (yargs) =>
      commonOptions(yargs)
        .positional("run", {
          type: "string",
          demandOption: true,
          describe: "the run's number, or the job's name",
        })
        .positional("setting", {
          type: "string",
          array: true,
          demandOption: true,
          describe: "name=value; name=default resets it",
        }),
    handler: async (given) => {
      const settings = commonSettings(given);
      await withStore(settings, async (session) => {
        const report = await setPace(session, String(given.run), given.setting);
        if (settings.json) printJson(report);
        const when = report.isAtWork
          ? "its workers apply it at their next commit"
          : "it applies when the run goes on";
        say(`${report.job}, run ${report.run}: ${describePace(report.pace)}; ${when}.`);
        for (const name of report.missing)
          say(
            `${emphasise("yellow", "missing")}  no standby streams as ${name}: the run is held until one does.`,
          );
      });
    },
  },
  { goesOn: true },
);
