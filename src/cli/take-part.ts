import type { WorkOptions } from "../engine/run-job.ts";
import type { RunReport } from "../engine/run-report.ts";
import { UsageError } from "../errors.ts";
import type { Duration } from "../job/duration.ts";
import { formatCount, formatSeconds } from "../observe/format.ts";
import { withAddress } from "./connection.ts";
import { exitCodeOf } from "./exit-code.ts";
import type { LoadedJob } from "./load-job.ts";
import { type ObserverSettings, Observers } from "./observers.ts";
import { emphasise, printJson, say } from "./output.ts";
import type { CommonSettings } from "./settings.ts";
import { Signals } from "./signals.ts";

export interface WorkSettings extends ObserverSettings {
  readonly workers: number;
  readonly lease: string;
  readonly rejectLimit?: number | undefined;
}

/** Works on a run under the eyes of progress line, metrics and log, and sets the exit code by how it ended. */
export async function takePart(
  settings: CommonSettings,
  work: WorkSettings,
  loaded: LoadedJob,
  start: (options: WorkOptions) => Promise<RunReport>,
): Promise<void> {
  for (const [name, value] of Object.entries({
    workers: work.workers,
    "metrics-port": work.metricsPort,
    "reject-limit": work.rejectLimit,
  })) {
    if (value !== undefined && !Number.isInteger(value))
      throw new UsageError(`--${name} wants a whole number.`);
  }
  const observers = new Observers(work);
  const signals = new Signals();
  signals.listen();
  try {
    await observers.start();
    const begin = performance.now();
    const report = await withAddress(settings, (connectionString) =>
      start({
        connectionString,
        schema: settings.schema,
        workers: work.workers,
        lease: work.lease as Duration,
        rejectLimit: work.rejectLimit,
        signal: signals.signal,
        onEvent: observers.listeners,
        files: loaded.files,
      }),
    );
    observers.progress.clear();
    if (settings.json) printJson(report);
    sayOutcome(report, (performance.now() - begin) / 1_000);
    process.exitCode = exitCodeOf(report);
  } finally {
    await observers.stop();
    signals.ignore();
  }
}

function sayOutcome(report: RunReport, seconds: number): void {
  const { rows } = report;
  const parts = [
    `${formatCount(rows.written)} rows written`,
    ...(rows.unchanged > 0 ? [`${formatCount(rows.unchanged)} already right`] : []),
    ...(rows.skipped > 0 ? [`${formatCount(rows.skipped)} skipped`] : []),
    ...(rows.rejected > 0 ? [`${formatCount(rows.rejected)} rejected`] : []),
  ];
  const colour = report.status === "succeeded" ? "green" : report.status === "failed" ? "red" : "yellow";
  const reason =
    report.stopReason === null || report.stopReason === report.status || report.stopReason === "finished"
      ? ""
      : ` (${report.stopReason})`;
  say(
    `${emphasise(colour, report.status)}${reason}  ${report.job}, run ${report.run}: ${parts.join(", ")}  ${formatSeconds(seconds)}`,
  );
  if (report.message !== null) say(report.message);
  const next = nextStep(report);
  if (next !== null) say(`${emphasise("cyan", "→")} ${next}`);
}

function nextStep(report: RunReport): string | null {
  if (report.status === "succeeded")
    return report.rows.rejected > 0 ? `See why: tidefill rejects ${report.run}` : null;
  if (report.status === "cancelled") return null;
  if (report.status === "running")
    return `Others go on with it. To join them again: tidefill resume ${report.job}`;
  if (report.stopReason === "reject-limit") {
    return `See why: tidefill rejects ${report.run}   go on with a higher limit: tidefill resume ${report.job} --reject-limit ${10 * Math.max(10, report.rows.rejected)}`;
  }
  return `Go on where it stopped: tidefill resume ${report.job}`;
}
