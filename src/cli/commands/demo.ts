import { defineCommand } from "../options/define-command.ts";
import { commonOptions, commonSettings } from "../options/settings.ts";

/** `tidefill demo [--school]` */
export const demoCommand = defineCommand({
  builder: (yargs) =>
    commonOptions(yargs).option("school", {
      type: "boolean",
      default: false,
      describe: "only create the sample school in an empty database, for you to try commands on",
    }),
  handler: async (given) => {
    if (given.school) {
      const { makeSchool } = await import("../demo/make-school.ts");
      return makeSchool(commonSettings(given));
    }
    const { show } = await import("../demo/show.ts");
    await show();
  },
});
