import type { CommandModule } from "yargs";
import { undoRun } from "../../engine/undo-run.ts";
import { requireConfirmation } from "../confirm.ts";
import { withStore } from "../connection.ts";
import { type CommonSettings, commonOptions, commonSettings, workOptions } from "../settings.ts";
import { takePart, type WorkSettings } from "../take-part.ts";

/** `tidefill undo <run|job>` */
export const undoCommand: CommandModule = {
  command: "undo <run>",
  describe: "take a run back: old values return where nobody has changed the row since",
  builder: (yargs) =>
    workOptions(commonOptions(yargs))
      .positional("run", { type: "string", demandOption: true, describe: "its number, or the job's name" })
      .option("yes", { type: "boolean", default: false, describe: "do it without asking" }),
  handler: async (read) => {
    const given = read as unknown as CommonSettings &
      WorkSettings & { readonly run: string; readonly yes: boolean };
    const settings = commonSettings(given);
    const run = await withStore(settings, async (db, store) => store.runs.require(db, given.run));
    await requireConfirmation(given.yes, `Take back run ${run.id} of ${run.job}?`, run.job);
    await takePart(settings, given, null, (options) => undoRun(String(run.id), options));
  },
};
