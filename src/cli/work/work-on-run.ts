import { describeTally } from "../../describe/describe-calls.ts";
import type { WorkOptions } from "../../engine/options/work-options.ts";
import type { EngineEvent, StepEvent } from "../../engine/report/events.ts";
import { exitCodeOf } from "../../engine/report/exit-code.ts";
import type { RunReport } from "../../engine/report/run-report.ts";
import { UsageError } from "../../errors.ts";
import { parseRejectLimit } from "../../job/definition/reject-limit.ts";
import type { Duration } from "../../job/pace/duration.ts";
import { formatCount, formatSeconds } from "../../observe/format.ts";
import { rowWord } from "../../observe/row-word.ts";
import { repairOfReport } from "../../remedies/repair.ts";
import { runName } from "../../remedies/stops.ts";
import { stopOfReport } from "../../remedies/waiting.ts";
import type { LoadedJob } from "../jobs/load-job.ts";
import { type NotifySettings, receiverOf } from "../notify/notify-options.ts";
import { notifyWhile } from "../notify/notify-while.ts";
import { type CommonSettings, type HoursSettings, hoursOf } from "../options/settings.ts";
import { withAddress } from "../options/with-store.ts";
import { withProcesses } from "../processes/with-processes.ts";
import { type ObserverSettings, Observers } from "../terminal/observers.ts";
import { emphasise, printJson, say } from "../terminal/output.ts";
import { ProcessSignals } from "../terminal/process-signals.ts";
import { StepLines } from "../terminal/step-lines.ts";

export interface WorkSettings extends ObserverSettings, HoursSettings, NotifySettings {
  readonly workers?: number | undefined;
  readonly processes: number;
  readonly replica?: readonly string[] | undefined;
  readonly lease: string;
  readonly rejectLimit?: string | undefined;
}

/** Works on a run with progress line, metrics and log, and sets the exit code by how it ended. */
export async function workOnRun(
  settings: CommonSettings,
  work: WorkSettings,
  loaded: LoadedJob | null,
  start: (options: WorkOptions) => Promise<RunReport>,
): Promise<RunReport> {
  requireNumbers(work);
  const notified = {
    receiver: receiverOf(work),
    target: settings.target ?? null,
    job: loaded?.job.name ?? null,
  };
  const observers = await Observers.open(work);
  const signals = new ProcessSignals();
  signals.listen();
  try {
    await observers.start();
    const mine = new OwnShare();
    const steps = new StepLines();
    const begin = performance.now();
    const listeners = [...observers.listeners, (event: EngineEvent) => mine.hear(event)];
    const common = {
      schema: settings.schema,
      workers: work.workers,
      ...hoursOf(work),
      replicas: work.replica,
      lease: work.lease as Duration,
      rejectLimit: work.rejectLimit === undefined ? undefined : parseRejectLimit(work.rejectLimit),
      signal: signals.signal,
      onStep: (event: StepEvent) => {
        observers.hearStep(event);
        steps.hear(event);
      },
      files: loaded?.files,
    };
    return await withAddress(settings, (address) =>
      notifyWhile(notified, { ...address, schema: settings.schema }, async ({ hear }) => {
        const report = await withProcesses(
          { ...work, settings },
          [...listeners, hear],
          signals.signal,
          (own) => start({ ...address, ...common, ...own }),
        );
        // At once: a receiver may take its time.
        observers.progress.clear();
        sayEnd(report, mine, { seconds: (performance.now() - begin) / 1_000, lease: work.lease, settings });
        return report;
      }),
    );
  } finally {
    await observers.stop();
    signals.ignore();
  }
}

/** Says how it ended, and sets the exit code. */
function sayEnd(
  report: RunReport,
  mine: OwnShare,
  {
    seconds,
    lease,
    settings,
  }: { readonly seconds: number; readonly lease: string; readonly settings: CommonSettings },
): void {
  if (settings.json) printJson(report);
  sayOutcome(report, mine, seconds);
  sayLost(mine.lost(lease), lease);
  process.exitCode = exitCodeOf(report);
}

function requireNumbers(work: WorkSettings): void {
  const limits = [
    ["workers", work.workers, 1, 64],
    ["processes", work.processes, 1, 64],
    ["metrics-port", work.metricsPort, 0, 65_535],
  ] as const;
  for (const [name, value, least, most] of limits) {
    if (value === undefined || (Number.isInteger(value) && value >= least && value <= most)) continue;
    throw new UsageError(`--${name} wants a whole number from ${least} to ${most}.`);
  }
  if (work.pushgateway !== undefined && !/^https?:\/\/./.test(work.pushgateway)) {
    throw new UsageError("--pushgateway wants an address.", {
      remedy: "Write --pushgateway http://host:9091",
    });
  }
}

function sayOutcome(report: RunReport, mine: OwnShare, seconds: number): void {
  const parts = partsOf(report);
  const colour = report.status === "succeeded" ? "green" : report.status === "failed" ? "red" : "yellow";
  const reason =
    report.stopReason === null || report.stopReason === report.status || report.stopReason === "finished"
      ? ""
      : ` (${report.stopReason})`;
  say(
    `${emphasise(colour, report.status)}${reason}  ${report.job}, run ${report.run}: ${parts.join(", ")}; ${mine.of(report)}${formatSeconds(seconds)}`,
  );
  if (report.message !== null) say(report.message);
  for (const what of report.notCompared) say(`${emphasise("yellow", "not compared")}  ${what}`);
  for (const broken of report.broken) say(`${emphasise("red", "integrity")}  ${broken}`);
  sayContract(report);
  // A verify changes nothing, so it also says how to repair the rows that differ.
  for (const next of [nextStep(report), repairOfReport(report)])
    if (next !== null) say(`${emphasise("cyan", "→")} ${next}`);
}

function sayLost(lost: string | null, lease: string): void {
  if (lost === null) return;
  say(`${emphasise("yellow", "lost")}  ${lost}`);
  say(
    `${emphasise("cyan", "→")} If it happens again, use a lease longer than ${lease}: tidefill run or resume with --lease 1m`,
  );
}

/** What is left of the contract steps, and why. */
function sayContract({ job, contract }: RunReport): void {
  if (contract === null) return;
  if (contract.isStopped)
    say(
      `${emphasise("yellow", "stopped")}  ${contract.problem}\n${emphasise("cyan", "→")} Go on with the contract steps: tidefill resume ${job}`,
    );
  else if (contract.problem !== null)
    say(`${emphasise("yellow", "waits")}  the contract steps of ${job}: ${contract.problem}`);
  else if (contract.open.length > 0)
    say(
      `${emphasise("cyan", "→")} When every program has stopped using this (${contract.open.join(", ")}): tidefill contract ${job}`,
    );
}

/** How a run of each kind is summed up. */
function partsOf(report: RunReport): string[] {
  const { kind, rows, hasRows, calls } = report;
  const some = (count: number, what: string): string[] =>
    count > 0 ? [`${formatCount(count)} ${what}`] : [];
  if (!hasRows) return [kind === "undo" ? "its steps are undone" : "its steps are done"];
  if (kind === "undo") {
    const images = `of ${formatCount(rows.read)} undo images`;
    const counts = [rows.written, rows.conflicted, rows.skipped].map(formatCount);
    return [
      `${counts[0]} ${rowWord(report)}`,
      `${counts[1]} ${rows.conflicted === 1 ? "conflict" : "conflicts"}`,
      `${counts[2]} gone`,
      ...some(rows.unchanged, "as they were already"),
      ...some(rows.rejected, "refused by the database"),
      ...some(rows.swallowed, "swallowed by a trigger"),
      images,
    ];
  }
  if (kind === "verify") {
    const differences = `${formatCount(rows.conflicted)} ${rows.conflicted === 1 ? "difference" : "differences"}`;
    return [`${formatCount(rows.read)} rows compared`, differences];
  }
  return [
    `${formatCount(rows.written)} rows ${rowWord(report)}`,
    ...some(rows.unchanged, "already right"),
    ...some(rows.skipped, "skipped"),
    ...some(rows.conflicted, "conflicted with existing rows"),
    ...some(rows.rejected, "rejected"),
    ...some(rows.swallowed, "swallowed by a trigger"),
    ...(calls === null ? [] : [describeTally(calls)]),
  ];
}

/** This process's share of a run that other processes, or earlier ones, have worked on too. */
class OwnShare {
  #written = 0;
  #lostLeases = 0;

  hear(event: EngineEvent): void {
    if (event.type === "batch committed") this.#written += event.counts.written;
    if (event.type === "lease lost") this.#lostLeases += 1;
  }

  /** What became of ranges that this process had and lost; null where it lost none. */
  lost(lease: string): string | null {
    const count = this.#lostLeases;
    if (count === 0) return null;
    const ranges = count === 1 ? "a range" : `${count} ranges`;
    return `A lease on ${ranges} was lost: for longer than ${lease} its process was frozen, or could not reach the database. Its batch was rolled back, and other workers did the rows; none was written twice.`;
  }

  of(report: RunReport): string {
    return this.#written >= report.rows.written ? "" : `${formatCount(this.#written)} of them now, in `;
  }
}

// A row that came before the row it references may succeed the next time.
function tryAgain({ kind, rows, ofRun }: RunReport): string {
  return kind === "undo" && rows.rejected > 0 ? `   try those once more: tidefill undo ${ofRun}` : "";
}

function isListed({ kind, rows }: RunReport): boolean {
  return rows.rejected + rows.swallowed > 0 || (kind !== "run" && rows.conflicted + rows.skipped > 0);
}

function nextStep(report: RunReport): string | null {
  const name = runName(report);
  if (report.status === "succeeded")
    return isListed(report) ? `See which: tidefill rejects ${report.run}${tryAgain(report)}` : null;
  if (report.status === "cancelled") return null;
  if (report.status === "running" && report.wanted !== "running")
    return `Its other processes finish their batches and stop too: tidefill status ${name}`;
  if (report.status === "running")
    return `Other processes go on with it. To join them again: tidefill resume ${name}`;
  return stopOfReport(report)?.remedy ?? null;
}
