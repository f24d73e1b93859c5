import type { RunPace } from "../../job/pace/pace.ts";
import { Windows } from "../../job/pace/windows.ts";
import { type Hold, holdFromText, isStandstill } from "../../remedies/hold.ts";
import { runName } from "../../remedies/stops.ts";
import { type ProcessAtWork, type Progress, readProgress } from "../../store/runs/progress.ts";
import { type RowCounts, rowsOf } from "../../store/runs/row-counts.ts";
import type { CallTally, Run, RunKind, RunWrites } from "../../store/runs/run.ts";
import type { RunStatus } from "../../store/runs/run-status.ts";
import type { Session } from "../../store/session.ts";
import type { ContractReport } from "./contract-report.ts";
import type { RestForecast } from "./rest-forecast.ts";

/** A held run stands still after so many seconds without a commit. */
const aMoment = 3;
/** Any run stands still after so many seconds without a commit, since rests are shorter. */
const longestRest = 60;

/** A run as programs see it: what `status --json` prints and `runJob` returns. */
export interface RunReport {
  readonly run: number;
  readonly job: string;
  /** the job's own work, an undo, or a verify */
  readonly kind: RunKind;
  /** the run that is undone or compared */
  readonly ofRun: number | null;
  /** how the run, or the run that it undoes, writes rows; null where none is written */
  readonly writes: RunWrites | null;
  /** the run that undid this one */
  readonly undoneBy: number | null;
  /** false where the job has steps only */
  readonly hasRows: boolean;
  readonly status: RunStatus;
  /** what an operator requested; takes effect at each worker's next commit */
  readonly wanted: "running" | "paused" | "cancelled";
  readonly stopReason: string | null;
  readonly message: string | null;
  readonly rows: RowCounts & { readonly estimated: number | null };
  /** calls of another system so far; null where the job makes none */
  readonly calls: CallTally | null;
  /** 0 to 1, by the keys walked; 1 only when the run has succeeded */
  readonly progress: number;
  readonly rowsPerSecond: number;
  readonly etaSeconds: number | null;
  /** the same as an interval, by the present speed and that of the whole run; null without a speed */
  readonly etaInterval: readonly [seconds: number, seconds: number] | null;
  /** what its rest costs; only `status` of one run sets it; null where unknown */
  readonly forecast: RestForecast | null;
  /** bytes of WAL per row read, including the undo log's; null where not measured */
  readonly walBytesPerRow: number | null;
  /** the key through which the whole run is committed */
  readonly watermark: readonly string[] | null;
  /** why the run is held back, or null */
  readonly throttle: string | null;
  /** the same with its effect (`held`, `slowed down`, `held back`) and what to type; null if not running */
  readonly hold: Hold | null;
  /** the pace set for this run; what is absent comes from the job, or from tidefill's defaults */
  readonly pace: RunPace;
  readonly workers: number;
  /** the processes that work on the run now, by host and process id */
  readonly processes: readonly ProcessAtWork[];
  readonly sweeps: number;
  readonly batches: number;
  readonly secondsSinceCheckpoint: number | null;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  /** integrity queries that returned a row after the run; set only by the process that finished it */
  readonly broken: readonly string[];
  /** what a verify has not compared, and why; set only by the process that finished it */
  readonly notCompared: readonly string[];
  /** what happened to the contract steps; set only by the process that finished the run */
  readonly contract: ContractReport | null;
  /** the stage of the rollout that was worked on last, from 0 */
  readonly stage: number;
  /** the share of the rows that is done after each stage; empty without stages */
  readonly stages: readonly number[];
  /** whether the next stage begins after a good one without a `resume` */
  readonly stagesAreAutomatic: boolean;
  /** why the rollout should not go on; set only by the process that judged the stage */
  readonly stageProblems: readonly string[];
}

/** Reads a run's progress into a report. */
export async function readReport({ db, store }: Session, run: Run): Promise<RunReport> {
  return reportOf(run, await readProgress(db, store.schema, run.id));
}

/** Makes a report of a run and its progress. */
export function reportOf(run: Run, progress: Progress): RunReport {
  const hold = holdOf(run, progress);
  return {
    run: Number(run.id),
    job: run.job,
    kind: run.kind,
    ofRun: run.ofRun === null ? null : Number(run.ofRun),
    writes: run.writes,
    undoneBy: run.undoneBy === null ? null : Number(run.undoneBy),
    hasRows: run.hasRows,
    status: run.status,
    wanted: run.wanted,
    stopReason: run.stopReason ?? (run.status === "interrupted" ? "vanished" : null),
    message: run.message,
    rows: { estimated: run.estimatedRows, ...rowsOf(progress) },
    calls: run.answers === "none" ? null : run.calls,
    progress: progressRatio(run, progress),
    rowsPerSecond: rateOf(run, progress),
    etaSeconds: etaOf(run, progress),
    etaInterval: etaIntervalOf(run, progress),
    forecast: null,
    walBytesPerRow: run.walBytesPerRow === null ? null : Math.round(run.walBytesPerRow),
    watermark: progress.watermark,
    throttle: hold?.reason ?? null,
    hold,
    pace: run.pace,
    workers: progress.workers,
    processes: progress.processes,
    sweeps: run.sweep,
    batches: progress.batches,
    secondsSinceCheckpoint: progress.secondsSinceCheckpoint,
    startedAt: run.startedAt,
    finishedAt: run.finishedAt,
    broken: [],
    notCompared: [],
    contract: null,
    stage: run.stage,
    stages: run.rollout?.shares ?? [],
    stagesAreAutomatic: run.rollout?.isAutomatic ?? false,
    stageProblems: [],
  };
}

/**
 * How much of the walk is done, 0 to 1. Below 1 until the run has succeeded, since estimates may be too low.
 */
export function progressRatio(run: Pick<Run, "status" | "estimatedWalk">, progress: Progress): number {
  if (run.status === "succeeded") return 1;
  const expected = Math.max(run.estimatedWalk ?? 0, progress.walked, 1);
  return Math.min(0.99, Math.floor((progress.walked / expected) * 10_000) / 10_000);
}

/** Rows that are probably still to be read. */
export function rowsRemaining(
  run: Pick<Run, "status" | "estimatedWalk" | "estimatedRows">,
  progress: Progress,
): number {
  if (run.status === "succeeded") return 0;
  const share = progress.walked === 0 ? 1 : 1 - progressRatio(run, progress);
  return Math.round(Math.max(0, share * Math.max(run.estimatedRows ?? 0, progress.read)));
}

/** Why a run that is at work does less than it could. */
export function holdOf(run: Pick<Run, "id" | "job" | "kind" | "status">, progress: Progress): Hold | null {
  if (run.status !== "running" || progress.heldBack === null) return null;
  return holdFromText(progress.heldBack, runName({ ...run, run: run.id }));
}

/**
 * Whether a run makes no progress, so that its end is unknown. A closed window does not count, since its end
 * is known.
 */
function standsStill(run: Run, progress: Progress): boolean {
  const hold = holdOf(run, progress);
  const silent = progress.secondsSinceCheckpoint ?? 0;
  if (isClosed(run)) return false;
  return silent > longestRest || (silent > aMoment && hold !== null && isStandstill(hold));
}

function rateOf(run: Run, progress: Progress): number {
  if (run.status === "running") return standsStill(run, progress) ? 0 : Math.round(progress.rowsPerSecond);
  return progress.secondsAtWork > 0 ? Math.round(progress.read / progress.secondsAtWork) : 0;
}

function etaOf(run: Run, progress: Progress): number | null {
  if (run.status === "succeeded") return 0;
  if (run.status !== "running" || progress.rowsPerSecond <= 0 || standsStill(run, progress)) return null;
  const speed = withinLimit(run, progress.rowsPerSecond);
  const seconds = withClosedHours(run, rowsRemaining(run, progress) / speed);
  return seconds === null ? null : Math.round(seconds);
}

/** A limit of rows a second counts at once, before the measured speed shows it. */
function withinLimit({ pace }: Run, speed: number): number {
  const { rowsPerSecond = Number.POSITIVE_INFINITY } = pace;
  return Math.min(speed, rowsPerSecond);
}

function isClosed({ pace }: Run): boolean {
  const { window } = pace;
  return window !== undefined && !Windows.parse(window).isOpen(new Date());
}

function withClosedHours({ pace }: Run, seconds: number): number | null {
  const { window } = pace;
  return window === undefined ? seconds : Windows.parse(window).secondsUntil(seconds, new Date());
}

/**
 * Seconds that the rest takes, at the faster and at the slower of the present speed and that of the whole
 * run, including the hours in which the run's window is closed.
 */
export function etaIntervalOf(run: Run, progress: Progress): readonly [number, number] | null {
  if (run.status !== "running" || progress.secondsAtWork <= 0 || standsStill(run, progress)) return null;
  if (progress.rowsPerSecond <= 0 && !isClosed(run)) return null;
  const speeds = [progress.rowsPerSecond, progress.read / progress.secondsAtWork]
    .filter((speed) => speed > 0)
    .map((speed) => withinLimit(run, speed));
  if (speeds.length === 0) return null;
  const rows = rowsRemaining(run, progress);
  const soonest = withClosedHours(run, rows / Math.max(...speeds));
  const latest = withClosedHours(run, rows / Math.min(...speeds));
  return soonest === null || latest === null ? null : [Math.round(soonest), Math.round(latest)];
}
