import { defineCommand } from "../options/define-command.ts";
import { commonOptions, commonSettings } from "../options/settings.ts";

/** `tidefill demo [--school] [--fleet] [--model [port]]` */
export const demoCommand = defineCommand({
  builder: (yargs) =>
    commonOptions(yargs)
      .option("school", {
        type: "boolean",
        default: false,
        describe: "only create the sample school in an empty database, for you to try commands on",
      })
      .option("fleet", {
        type: "boolean",
        default: false,
        describe: "watch three workers bring twelve databases up to date, and one worker being killed",
      })
      .option("model", {
        type: "string",
        describe:
          "keep a mock model open until Ctrl-C, for the job grade-essays (on this port; 4010 when none is given)",
      }),
  handler: async (given) => {
    if (given.fleet) {
      const { showFleet } = await import("../demo/show-fleet.ts");
      return showFleet();
    }
    const settings = commonSettings(given);
    const makeSchool = given.school ? (await import("../demo/make-school.ts")).makeSchool : null;
    if (given.model !== undefined) {
      const { serveModel } = await import("../demo/serve-model.ts");
      return serveModel(settings, given.model, makeSchool);
    }
    if (makeSchool !== null) return makeSchool(settings);
    const { show } = await import("../demo/show.ts");
    await show();
  },
});
