import { exitCodes } from "../../engine/report/exit-code.ts";
import { parseDuration } from "../../job/pace/duration.ts";
import { formatCount } from "../../observe/format.ts";
import { countDue, type Purged, purge } from "../../retention/purge.ts";
import { commonOptions, commonSettings } from "../options/settings.ts";
import { withStore } from "../options/with-store.ts";
import { defineTargetCommand } from "../targets/define-target-command.ts";
import { printJson, say } from "../terminal/output.ts";
import { requireConfirmation } from "../terminal/require-confirmation.ts";

/** `tidefill purge` */
export const purgeCommand = defineTargetCommand(
  {
    builder: (yargs) =>
      commonOptions(yargs)
        .option("older-than", {
          type: "string",
          requiresArg: true,
          default: "30d",
          describe:
            "purge runs that finished longer ago than this; encrypted undo logs go after 30 days in any case",
        })
        .option("undo-logs-only", {
          type: "boolean",
          default: false,
          describe: "drop only undo logs; keep runs and rejects",
        })
        .option("yes", { type: "boolean", default: false, describe: "do not ask for confirmation" }),
    handler: async (given) => {
      const settings = commonSettings(given);
      const options = { olderThanMs: parseDuration(given.olderThan), undoLogsOnly: given.undoLogsOnly };
      await withStore(
        settings,
        async (session) => {
          const runs = await countDue(session, options);
          const question = `Purge what ${formatCount(runs)} finished runs keep? They cannot be undone afterwards.`;
          if (runs > 0) await requireConfirmation(given.yes, question, "purge");
          const purged = await purge(session, options);
          if (settings.json) printJson(purged);
          sayPurged(purged);
        },
        { isAnnounced: true },
      );
    },
  },
  { goesOn: true },
);

const doesToIt = {
  undo: "undoes it",
  verify: "compares it",
  run: "tries its rejects once more",
} as const;

function sayPurged({ runs, undoLogs, answers, rejects, bytes, busy, held }: Purged): void {
  say(
    `Purged ${formatCount(undoLogs)} undo logs (${(bytes / 1_048_576).toFixed(1)} MiB), ${formatCount(rejects)} rejects and ${formatCount(runs)} runs.`,
  );
  if (answers > 0) say(`The answers of other systems that ${formatCount(answers)} runs had kept are gone.`);
  if (busy.length + held.length > 0) process.exitCode = exitCodes.incomplete;
  if (busy.length > 0) say(`In use, and left for the next purge: run ${busy.join(", ")}.`);
  for (const { run, job, by, kind } of held) {
    say(
      `Kept: run ${run} of ${job}, because run ${by}, which ${doesToIt[kind]}, is not finished.\n→ tidefill resume ${by}   or give it up: tidefill cancel ${by}`,
    );
  }
}
