import { exitCodes } from "../../engine/report/exit-code.ts";
import { UsageError } from "../../errors.ts";
import { formatCount } from "../../observe/format.ts";
import { type Erasure, eraseRow } from "../../retention/erase-row.ts";
import { defineCommand } from "../options/define-command.ts";
import { commonOptions, commonSettings } from "../options/settings.ts";
import { withStore } from "../options/with-store.ts";
import { emphasise, printJson, say } from "../terminal/output.ts";
import { requireConfirmation } from "../terminal/require-confirmation.ts";

/** `tidefill erase --table <table> --key <value>` */
export const eraseCommand = defineCommand({
  builder: (yargs) =>
    commonOptions(yargs)
      .option("table", { type: "string", requiresArg: true, demandOption: true, describe: "schema.table" })
      .option("key", {
        type: "string",
        array: true,
        requiresArg: true,
        demandOption: true,
        describe: "the row's key; give it once for each key column, in their order",
      })
      .option("by", {
        type: "string",
        array: true,
        requiresArg: true,
        describe: "the key's columns, where jobs use another key than the primary key",
      })
      .option("yes", { type: "boolean", default: false, describe: "do not ask for confirmation" }),
  handler: async (given) => {
    const settings = commonSettings(given);
    const { table, key, by } = given;
    if (typeof table !== "string") throw new UsageError("erase wants one --table at a time.");
    await requireConfirmation(given.yes, `Erase what tidefill keeps of a row of ${table}, for good?`, table);
    const erasure = await withStore(settings, (session) => eraseRow(session, { table, key, by }), {
      isAnnounced: true,
    });
    if (settings.json) printJson(erasure);
    sayErasure(erasure);
  },
});

function sayErasure({ table, images, rejects, reasons, answers, ...left }: Erasure): void {
  const unsure = reasons === 0 ? "" : ` and ${formatCount(reasons)} reasons`;
  const asked = answers === 0 ? "" : `, ${formatCount(answers)} answers of other systems`;
  say(
    `Erased for ${table}: the values of ${formatCount(images)} undo images, ${formatCount(rejects)} rejects${unsure}${asked}. No undo brings them back.`,
  );
  const arrow = emphasise("cyan", "→");
  if (left.isStillThere) {
    say(
      `${arrow} The row itself is still in ${table}: delete or anonymise it, or later runs will keep its values again.`,
    );
  }
  for (const { run, by } of left.outOfReach) {
    const how =
      by === null
        ? "without a key: tidefill purge --undo-logs-only"
        : `by ${by.join(", ")}: tidefill erase --table ${table} ${by.map((each) => `--by ${each}`).join(" ")} ${by.map(() => "--key …").join(" ")}`;
    say(`${arrow} Run ${run} may still keep the row. It finds rows of ${table} ${how}`);
  }
  if (left.outOfReach.length > 0) process.exitCode = exitCodes.incomplete;
  for (const directory of left.backups) say(`${arrow} This backup may hold the row: ${directory}`);
}
