import type { CommandModule } from "yargs";

/** `tidefill demo` */
export const demoCommand: CommandModule = {
  command: "demo",
  describe: "see it work: a database of its own, a job killed and resumed before your eyes",
  handler: async () => {
    const { show } = await import("../demo/show.ts");
    await show();
  },
};
