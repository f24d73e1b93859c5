import { parse } from "node:path";
import { describeJobs } from "../../describe/describe-jobs.ts";
import { jobsOfUnknownState, type ListedJob, listJobs } from "../../describe/list-jobs.ts";
import { exitCodes } from "../../engine/report/exit-code.ts";
import { isConnectionLoss } from "../../postgres/failure/failure.ts";
import { orderedIfPossible } from "../jobs/load-in-order.ts";
import { type LoadedJob, loadJobs } from "../jobs/load-job.ts";
import { type CommonSettings, commonOptions, commonSettings } from "../options/settings.ts";
import { withStore } from "../options/with-store.ts";
import { defineTargetCommand } from "../targets/define-target-command.ts";
import { emphasise, printData, printJson, say } from "../terminal/output.ts";

/** `tidefill list` */
export const listCommand = defineTargetCommand(
  {
    builder: (yargs) => commonOptions(yargs),
    handler: async (given) => {
      const settings = commonSettings(given);
      const { jobs, ignored } = await loadJobs(settings.jobs);
      const names = ignored.map(({ file }) => parse(file).name);
      const rows = await listed(settings, orderedIfPossible(jobs, say), names);
      if (settings.json) printJson({ jobs: rows, ignored });
      else if (rows.length > 0) printData(describeJobs(rows));
      else printData(`There is no job in ${settings.jobs}/. Write one: tidefill new <job> --table <table>`);
      for (const { file, reason } of ignored) {
        // A file that only describes tables is not a mistake.
        if (!reason.includes("is not a job")) say(`${file}: ${reason}`);
      }
    },
  },
  { goesOn: true },
);

async function listed(
  settings: CommonSettings,
  jobs: readonly LoadedJob[],
  ignored: readonly string[],
): Promise<readonly ListedJob[]> {
  const reading = withStore(settings, (session) => listJobs(session, jobs, ignored), { needsSchema: false });
  return reading.catch((error: unknown) => {
    if (!isConnectionLoss(error)) throw error;
    say("The database cannot be reached, so the state of the jobs is unknown.");
    say(
      `${emphasise("cyan", "→")} Name it with --database-url or DATABASE_URL; for a PostgreSQL of tidefill's own: --embedded`,
    );
    process.exitCode = exitCodes.failed;
    return jobsOfUnknownState(jobs);
  });
}
