import { exitCodes } from "../../engine/report/exit-code.ts";
import type { RestForecast } from "../../engine/report/rest-forecast.ts";
import { type RunReport, readReport } from "../../engine/report/run-report.ts";
import { forecastRest } from "../../engine/state/forecast-rest.ts";
import { messageOf } from "../../errors.ts";
import {
  formatBytes,
  formatBytesInterval,
  formatCount,
  formatInterval,
  formatPercent,
  formatSeconds,
} from "../../observe/format.ts";
import { rowWord } from "../../observe/row-word.ts";
import { stopOfReport } from "../../remedies/waiting.ts";
import { isFinished } from "../../store/runs/run-status.ts";
import type { Session } from "../../store/session.ts";
import { within } from "../../within.ts";
import { describeTally } from "../describe/describe-calls.ts";
import { describeAdvice, describeBloat, describeHot } from "../describe/describe-forecast.ts";
import { describePace } from "../describe/describe-pace.ts";
import { describeState } from "../describe/describe-state.ts";
import { waitingLines } from "../describe/waiting-lines.ts";
import { loadJob } from "../jobs/load-job.ts";
import { commonOptions, commonSettings, type GivenSettings } from "../options/settings.ts";
import { withStore } from "../options/with-store.ts";
import { defineTargetCommand } from "../targets/define-target-command.ts";
import { describeTargets, type NamedTarget, readTargets } from "../targets/read-targets.ts";
import { alignColumns, drawAgain, emphasise, printData, printJson, say } from "../terminal/output.ts";
import { ProcessSignals } from "../terminal/process-signals.ts";

const watchEveryMs = 1_000;

/** `tidefill status [<run|job>] [--watch]` */
export const statusCommand = defineTargetCommand(
  {
    builder: (yargs) =>
      commonOptions(yargs)
        .positional("run", { type: "string", describe: "the run's number, or the job's name" })
        .option("watch", {
          type: "boolean",
          default: false,
          describe: "refresh every second, until no run is running",
        }),
    handler: async (given) => {
      const settings = commonSettings(given);
      await withStore(settings, async (session) => {
        if (given.watch) return watch(session, given.run, settings.json);
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
  return isOne ? describeOne(first) : describeAll(reports);
}

function describeAll(reports: readonly RunReport[]): string {
  const heading = ["JOB", "RUN", "STATE", "DONE", "ROWS", "REJECTED", "ROWS/S", "LEFT"];
  const rows = reports.map((report) => [
    report.job,
    String(report.run),
    describeState(report),
    formatPercent(report.progress),
    report.kind === "verify" || !report.hasRows
      ? "–"
      : `${formatCount(report.rows.written)} ${rowWord(report)}`,
    formatCount(report.rows.rejected),
    formatCount(report.rowsPerSecond),
    report.etaSeconds === null || isFinished(report.status) ? "–" : formatSeconds(report.etaSeconds),
  ]);
  return [alignColumns([heading, ...rows]), ...reports.flatMap(waitingLines)].join("\n");
}

function describeOne(report: RunReport): string {
  const { rows, forecast } = report;
  const facts: readonly (readonly [string, string | null])[] = [
    ["job", `${report.job}, run ${report.run}${kindOf(report)}`],
    ["state", describeState(report)],
    ...whyOf(report),
    ["message", report.message],
    ["done", `${formatPercent(report.progress)} of ~${formatCount(rows.estimated ?? 0)} rows`],
    [
      "rows",
      `${formatCount(rows.read)} read, ${formatCount(rows.written)} ${rowWord(report)}, ${formatCount(rows.unchanged)} unchanged, ${formatCount(rows.skipped)} skipped, ${formatCount(rows.conflicted)} conflicted, ${formatCount(rows.rejected)} rejected${rows.swallowed > 0 ? `, ${formatCount(rows.swallowed)} swallowed by a trigger` : ""}`,
    ],
    ["calls", report.calls === null ? null : describeTally(report.calls)],
    ["speed", report.rowsPerSecond > 0 ? `${formatCount(report.rowsPerSecond)} rows/s` : null],
    [
      "left",
      report.etaInterval === null || isFinished(report.status) ? null : formatInterval(report.etaInterval),
    ],
    ["WAL", walOf(report)],
    ["bloat", forecast === null ? null : `${describeBloat(forecast)}, for the rest`],
    ["HOT", forecast === null || forecast.hot === null ? null : describeHot(forecast.hot)],
    ...(forecast === null ? [] : describeAdvice(forecast)).map((line) => ["cheaper", line] as const),
    ["pace", Object.keys(report.pace).length === 0 ? null : describePace(report.pace)],
    ["workers", workersOf(report)],
    ["watermark", report.watermark === null ? null : report.watermark.join(", ")],
    [
      "checkpoint",
      report.secondsSinceCheckpoint === null ? null : `${formatSeconds(report.secondsSinceCheckpoint)} ago`,
    ],
    ["sweeps", report.sweeps === 0 ? null : String(report.sweeps)],
    ["started", report.startedAt],
    ["finished", report.finishedAt],
  ];
  return facts
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name.padEnd(11)} ${value}`)
    .join("\n");
}

/** Why it waits or has stopped, and what to type: what an operator looks for first. */
function whyOf(report: RunReport): readonly (readonly [string, string])[] {
  const { hold, undoneBy } = report;
  if (undoneBy !== null) return [];
  const stop = stopOfReport(report);
  if (hold !== null)
    return [
      [hold.kind, hold.reason],
      ["→", hold.remedy],
    ];
  return stop === null
    ? []
    : [
        ["why", stop.what],
        ["→", stop.remedy],
      ];
}

/** How many workers there are, and which processes to look for on which machine. */
function workersOf({ workers, processes }: RunReport): string {
  if (processes.length === 0) return String(workers);
  const hosts = [...new Set(processes.map(({ host }) => host))].map((host) => {
    const pids = processes.filter((each) => each.host === host).map(({ pid }) => pid);
    return `pid ${pids.join(", ")} on ${host}`;
  });
  return `${workers}: ${hosts.join("; ")}`;
}

/** The WAL of each row, and how much is still to come at that size. */
function walOf({ walBytesPerRow, rows, progress, status, forecast }: RunReport): string | null {
  if (walBytesPerRow === null)
    return forecast === null ? null : `${formatBytesInterval(forecast.walBytes)} to come`;
  const each = `${formatCount(walBytesPerRow)} bytes a row`;
  if (isFinished(status)) return each;
  const left = Math.max(0, 1 - progress) * Math.max(rows.estimated ?? 0, rows.read);
  return `${each}, ~${formatBytes(left * walBytesPerRow)} to come`;
}

function kindOf({ kind, ofRun }: RunReport): string {
  if (kind === "undo") return `, undoing run ${ofRun}`;
  if (kind === "verify") return ofRun === null ? ", comparing" : `, comparing run ${ofRun}`;
  return ofRun === null ? "" : `, the rejects of run ${ofRun}`;
}
