import type { CommandModule } from "yargs";
import { isConnectionLoss } from "../../postgres/failure.ts";
import type { Run } from "../../store/run.ts";
import { installedVersion } from "../../store/schema.ts";
import { withStore } from "../connection.ts";
import { loadJobs } from "../load-job.ts";
import { alignColumns, printData, printJson, say } from "../output.ts";
import { type CommonSettings, commonOptions, commonSettings } from "../settings.ts";

/** `tidefill list` */
export const listCommand: CommandModule = {
  command: "list",
  describe: "the jobs of the folder, and the last run of each",
  builder: (yargs) => commonOptions(yargs),
  handler: async (read) => {
    const settings = commonSettings(read as unknown as CommonSettings);
    const { jobs, ignored } = await loadJobs(settings.jobs);
    const runs = await lastRuns(settings);
    const rows = jobs.map(({ job }) => ({
      job: job.name,
      kind: job.kind,
      lastRun: summaryOf(runs.get(job.name)),
    }));
    if (settings.json) printJson({ jobs: rows, ignored });
    else printData(rows.length === 0 ? `There is no job in ${settings.jobs}/.` : table(rows));
    for (const { file, reason } of ignored) {
      // A file that only describes tables is no mistake.
      if (!reason.includes("is not a job")) say(`${file}: ${reason}`);
    }
  },
};

interface ListedRun {
  readonly run: number;
  readonly status: string;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  /** the run that took it back */
  readonly undoneBy: number | null;
}

async function lastRuns(settings: CommonSettings): Promise<Map<string, Run>> {
  const reading = withStore(
    settings,
    async (db, store): Promise<Map<string, Run>> => {
      if ((await installedVersion(db, store.schema)) === null) return new Map();
      return new Map((await store.runs.latestOfEach(db)).map((run) => [run.job, run]));
    },
    { needsSchema: false },
  );
  return reading.catch((error: unknown) => {
    if (!isConnectionLoss(error)) throw error;
    say("The database cannot be reached, so nothing is known of their runs.");
    return new Map<string, Run>();
  });
}

function summaryOf(run: Run | undefined): ListedRun | null {
  if (run === undefined) return null;
  const { id, status, startedAt, finishedAt, undoneBy } = run;
  return {
    run: Number(id),
    status,
    startedAt,
    finishedAt,
    undoneBy: undoneBy === null ? null : Number(undoneBy),
  };
}

function stateOf(run: ListedRun | null): string {
  if (run === null) return "never run";
  return run.undoneBy === null ? run.status : `undone by run ${run.undoneBy}`;
}

function table(
  rows: readonly { readonly job: string; readonly kind: string; readonly lastRun: ListedRun | null }[],
): string {
  const cells = rows.map(({ job, kind, lastRun }) => [
    job,
    kind,
    lastRun === null ? "–" : String(lastRun.run),
    stateOf(lastRun),
    (lastRun?.finishedAt ?? lastRun?.startedAt ?? "–").replace(/\..*$/, ""),
  ]);
  return alignColumns([["JOB", "KIND", "RUN", "STATE", "SINCE"], ...cells]);
}
