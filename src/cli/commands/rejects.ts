import type { CommandModule } from "yargs";
import { UsageError } from "../../errors.ts";
import { withStore } from "../connection.ts";
import { alignColumns, printData, printJson, say } from "../output.ts";
import { type CommonSettings, commonOptions, commonSettings } from "../settings.ts";

/** `tidefill rejects <run|job>` */
export const rejectsCommand: CommandModule = {
  command: "rejects <run>",
  describe: "the rows that a run kept aside: key and reason, never the row",
  builder: (yargs) =>
    commonOptions(yargs)
      .positional("run", { type: "string", demandOption: true, describe: "its number, or the job's name" })
      .option("limit", { type: "number", default: 100, describe: "show no more than so many" }),
  handler: async (read) => {
    const given = read as unknown as CommonSettings & { readonly run: string; readonly limit: number };
    const settings = commonSettings(given);
    if (!Number.isInteger(given.limit) || given.limit < 1)
      throw new UsageError("--limit wants a whole number from 1.");
    await withStore(settings, async (db, store) => {
      const run = await store.runs.require(db, given.run);
      const total = await store.rejects.count(db, run.id);
      const rejects = await store.rejects.list(db, run.id, given.limit);
      if (settings.json) return printJson({ run: Number(run.id), job: run.job, total, rejects });
      if (total === 0) return printData(`Run ${run.id} of ${run.job} has no rejects.`);
      const rows = rejects.map(({ key, sqlstate, reason }) => [key.join(", "), sqlstate ?? "–", reason]);
      printData(alignColumns([["KEY", "SQLSTATE", "REASON"], ...rows]));
      if (total > rejects.length) say(`${total - rejects.length} more: --limit ${total}`);
    });
  },
};
