import { alignColumns } from "../../describe/align-columns.ts";
import { describeDryCalls } from "../../describe/describe-calls.ts";
import { type DryRunOptions, type DryRunReport, dryRun } from "../../engine/preview/dry-run.ts";
import { exitCodes } from "../../engine/report/exit-code.ts";
import type { Job } from "../../job/definition/define-job.ts";
import { formatBytes, formatCount, formatSeconds } from "../../observe/format.ts";
import { rowWord } from "../../observe/row-word.ts";
import type { CommonSettings } from "../options/settings.ts";
import { withAddress } from "../options/with-store.ts";
import { printData, printJson, say } from "../terminal/output.ts";
import { ProcessSignals } from "../terminal/process-signals.ts";

/** Does real batches, rolls them back, and shows what they did. */
export async function showDryRun(settings: CommonSettings, job: Job, options: DryRunOptions): Promise<void> {
  const signals = new ProcessSignals();
  signals.listen();
  try {
    const report = await withAddress(settings, (address) =>
      dryRun(job, { ...options, ...address, signal: signals.signal }),
    );
    if (settings.json) printJson(report);
    else printData(describe(report));
    if (!settings.json) say(rolledBack(report));
    process.exitCode =
      report.rows.rejected + report.rows.swallowed > 0 ? exitCodes.incomplete : exitCodes.done;
  } finally {
    signals.ignore();
  }
}

function rolledBack({ calls }: DryRunReport): string {
  return calls?.areKept === true
    ? "Rolled back: nothing was changed. Only the answers of the calls were kept, for the next run."
    : "Rolled back: nothing was changed, nothing was kept.";
}

function describe(report: DryRunReport): string {
  const { rows, triggers, whole } = report;
  const some = (count: number, what: string): string[] =>
    count > 0 ? [`${formatCount(count)} ${what}`] : [];
  const counts = [
    `${formatCount(rows.read)} rows read`,
    `${formatCount(rows.written)} would be ${rowWord({ kind: "run", writes: report.writes })}`,
    ...some(rows.unchanged, "already right"),
    ...some(rows.skipped, "skipped"),
    ...some(rows.conflicted, "conflicted"),
    ...some(rows.rejected, "rejected"),
    ...some(rows.swallowed, "swallowed by a trigger"),
  ];
  const fired = triggers.map(({ name, calls }) => `${name} ${formatCount(calls)} times`).join(", ");
  const measured = `, for the first ${formatCount(report.measuredRows)} rows that were written`;
  return [
    `dry run of ${report.job}: ${counts.join(", ")} in ${formatCount(report.batches)} batches`,
    "",
    ...samplesOf(report),
    ...(report.calls === null
      ? [`  speed     ${formatCount(report.rowsPerSecond)} rows/s with one worker`]
      : []),
    `  WAL       ${report.walBytesPerRow === null ? "none" : `about ${formatCount(report.walBytesPerRow)} bytes a row, with full-page images, without the undo log`}`,
    `  triggers  ${fired === "" ? "none fired" : fired + measured}`,
    ...report.rejects.map((reason) => `  rejected  ${reason}`),
    ...keepAdvice(report),
    ...(report.calls === null ? [] : describeDryCalls(report.calls)),
    ...(report.shouldCall
      ? [
          "  calls     the transform waits for more than 100 ms; with calls: {} in the job it holds no row meanwhile",
        ]
      : []),
    `  whole     ~${formatCount(whole.rows)} rows${whole.seconds === null || report.calls !== null ? "" : `, ${formatSeconds(whole.seconds)} with one worker`}${whole.walBytes === null ? "" : `, ${formatBytes(whole.walBytes)} of WAL`} (an estimate)`,
  ].join("\n");
}

/** Values that pass through the transform unchanged need not travel. */
function keepAdvice({ couldKeep }: DryRunReport): string[] {
  if (couldKeep.length === 0) return [];
  const are = couldKeep.length === 1 ? "is returned as it was read" : "are returned as they were read";
  const list = couldKeep.map((name) => JSON.stringify(name)).join(", ");
  return [
    `  keep      ${couldKeep.join(", ")} ${are}; insertInto(…, { keep: [${list}] }) leaves them in the database`,
  ];
}

function samplesOf({ samples }: DryRunReport): string[] {
  if (samples.length === 0) return [];
  const rows = samples.flatMap(({ table, key, before, after }) => {
    const names = Object.keys(before ?? after ?? {});
    return names.map((name, index) => [
      index === 0 ? `${table} ${key.join(", ")}` : "",
      name,
      shown(before, name),
      "→",
      shown(after, name),
    ]);
  });
  return [alignColumns([["ROW", "COLUMN", "BEFORE", "", "AFTER"], ...rows]), ""];
}

function shown(values: Readonly<Record<string, string | null>> | null, name: string): string {
  if (values === null) return "–";
  const value = values[name];
  if (value == null) return "null";
  const line = value.replace(/\s+/g, " ");
  return line.length > 40 ? `${line.slice(0, 39)}…` : line;
}
