import { describeHistory, periodsOf } from "../../describe/describe-history.ts";
import { describeKind, describeRun } from "../../describe/describe-run.ts";
import { describeRuns } from "../../describe/describe-runs.ts";
import { exitCodes } from "../../engine/report/exit-code.ts";
import type { RestForecast } from "../../engine/report/rest-forecast.ts";
import { type RunReport, readReport } from "../../engine/report/run-report.ts";
import { forecastRest } from "../../engine/state/forecast-rest.ts";
import { messageOf, UsageError } from "../../errors.ts";
import { isFinished } from "../../store/runs/run-status.ts";
import type { Session } from "../../store/session.ts";
import { within } from "../../within.ts";
import { loadJob } from "../jobs/load-job.ts";
import { commonOptions, commonSettings, type GivenSettings } from "../options/settings.ts";
import { withStore } from "../options/with-store.ts";
import { defineTargetCommand } from "../targets/define-target-command.ts";
import { describeTargets, type NamedTarget, readTargets } from "../targets/read-targets.ts";
import { drawAgain, emphasise, printData, printJson, say } from "../terminal/output.ts";
import { ProcessSignals } from "../terminal/process-signals.ts";

const watchEveryMs = 1_000;

/** More samples than that are put together by twos, threes and so on. */
const mostSamples = 2_000;

/** `tidefill status [<run|job>] [--watch | --history]` */
export const statusCommand = defineTargetCommand(
  {
    builder: (yargs) =>
      commonOptions(yargs)
        .positional("run", { type: "string", describe: "the run's number, or the job's name" })
        .option("watch", {
          // No default: it would count as given, and exclude `--history` always.
          type: "boolean",
          describe: "refresh every second, until no run is running",
          conflicts: "history",
        })
        .option("history", {
          type: "boolean",
          describe: "how the run went: its speed by time, and why it was held back",
        }),
    handler: async (given) => {
      const settings = commonSettings(given);
      await withStore(settings, async (session) => {
        if (given.history === true) return history(session, given.run, settings.json);
        if (given.watch === true) return watch(session, given.run, settings.json);
        const reports = await status(session, given.run);
        const [one] = reports;
        if (given.run === undefined || one === undefined) return print(reports, false, settings.json);
        print([{ ...one, forecast: await restOf(session, one, settings.jobs) }], true, settings.json);
      });
    },
  },
  { together: statusOfTargets },
);

/** One table for all targets, the worst first. */
async function statusOfTargets(
  targets: readonly NamedTarget<StatusOptions>[],
  { json }: StatusOptions,
): Promise<void> {
  const read = await readTargets(
    targets,
    async (given) => withStore(commonSettings(given), (session) => status(session, given.run)),
    [],
  );
  if (json) return printJson({ targets: read });
  printData(describeTargets(read));
  if (read.some(({ error }) => error !== null)) process.exitCode = exitCodes.failed;
}

interface StatusOptions extends GivenSettings {
  readonly run?: string | undefined;
}

/** The reports of one run, or of the newest run of each job. */
export async function status(session: Session, run: string | undefined): Promise<RunReport[]> {
  const { db, store } = session;
  const runs = run === undefined ? await store.runs.latestOfEach(db) : [await store.runs.require(db, run)];
  const reports: RunReport[] = [];
  for (const each of runs) reports.push(await readReport(session, each));
  return reports;
}

/** The forecast of the rest; null where the job's file cannot be loaded here, or no longer fits the run. */
async function restOf(
  session: Session,
  { run, job, status: state }: RunReport,
  folder: string,
): Promise<RestForecast | null> {
  const { db, store } = session;
  if (isFinished(state)) return null;
  const loaded = await loadJob(folder, job).catch(() => null);
  if (loaded === null) return null;
  return forecastRest(session, loaded.job, await store.runs.get(db, BigInt(run))).catch((error: unknown) => {
    say(`${emphasise("yellow", "note")}  the cost of the rest cannot be estimated: ${messageOf(error)}`);
    return null;
  });
}

async function history({ db, store }: Session, name: string | undefined, json: boolean): Promise<void> {
  if (name === undefined)
    throw new UsageError("The history is of one run: name it.", {
      remedy: "tidefill status <run> --history",
    });
  const run = await store.runs.require(db, name);
  const samples = await store.samples.list(db, run.id, mostSamples);
  if (json) printJson({ run: Number(run.id), job: run.job, samples, periods: periodsOf(samples) });
  else printData(`${run.job}, run ${run.id}${describeKind(run)}: ${run.status}\n${describeHistory(samples)}`);
}

async function watch(session: Session, run: string | undefined, json: boolean): Promise<void> {
  const signals = new ProcessSignals();
  const stopped = new Promise<void>((resolve) => signals.signal.addEventListener("abort", () => resolve()));
  process.once("SIGINT", () => process.exit(exitCodes.done));
  for (let lines = 0; ; ) {
    const reports = await status(session, run);
    if (json) printData(JSON.stringify(run === undefined ? { runs: reports } : reports[0]));
    else lines = drawAgain(describe(reports, run !== undefined), lines);
    if (!reports.some((report) => report.status === "running" || report.status === "pending")) return;
    await within(watchEveryMs, stopped);
  }
}

function print(reports: readonly RunReport[], isOne: boolean, json: boolean): void {
  if (json) printJson(isOne ? reports[0] : { runs: reports });
  else printData(describe(reports, isOne));
}

function describe(reports: readonly RunReport[], isOne: boolean): string {
  const [first] = reports;
  if (first === undefined) return "No run yet. Start one: tidefill run <job>";
  return isOne ? describeRun(first) : describeRuns(reports);
}
