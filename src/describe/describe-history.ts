import { formatBytes, formatCount, formatPercent, formatSeconds } from "../observe/format.ts";
import type { StoredSample } from "../store/runs/samples.ts";
import { alignColumns } from "./align-columns.ts";

/** Evenly going times are told in so many lines, so that a change of speed shows. */
const fewestLines = 30;
const shortestMs = 60_000;

/** What a table of periods says of each, in `periodCells`' order. */
export const historyHeading = ["FROM (UTC)", "FOR", "ROWS", "ROWS/S", "PACE", "LAG", "WAL/S", "WHY"] as const;

/** A time in which a run went on in the same way. */
export interface Period {
  /** ISO 8601 in UTC */
  readonly from: string;
  readonly to: string;
  /** rows read within it, and how many that is a second */
  readonly rows: number;
  readonly rowsPerSecond: number;
  /** the lowest level of its samples: 1 is full pace, 0 is held; null where no process was at work */
  readonly level: number | null;
  readonly reason: string | null;
  readonly lagSeconds: number | null;
  readonly walBytesPerSecond: number | null;
}

/** The times in which a run went on in the same way, oldest first. */
export function periodsOf(samples: readonly StoredSample[]): readonly Period[] {
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined) return [];
  const longestMs = Math.max(shortestMs, msBetween(first.at, last.at) / fewestLines);
  const periods: Period[] = [];
  let before = first;
  for (const sample of samples.slice(1)) {
    const each = between(before, sample);
    const open = periods.at(-1);
    if (open !== undefined && isAlike(open, each) && msBetween(open.from, each.to) <= longestMs)
      periods[periods.length - 1] = joined(open, each);
    else periods.push(each);
    before = sample;
  }
  return periods;
}

/** The history of a run as a table. */
export function describeHistory(samples: readonly StoredSample[]): string {
  const periods = periodsOf(samples);
  if (periods.length === 0) return "No history: a run is sampled every ten seconds while it is at work.";
  return alignColumns([historyHeading, ...periods.map(periodCells)]);
}

/** One period as a row of a table. */
export function periodCells({ from, to, rows, rowsPerSecond, ...period }: Period): string[] {
  const { level, reason, lagSeconds, walBytesPerSecond } = period;
  return [
    from.slice(0, 19).replace("T", " "),
    formatSeconds(msBetween(from, to) / 1_000),
    formatCount(rows),
    formatCount(rowsPerSecond),
    level === null ? "–" : formatPercent(level),
    lagSeconds === null ? "–" : formatSeconds(lagSeconds),
    walBytesPerSecond === null ? "–" : formatBytes(walBytesPerSecond),
    level === null ? "no process was at work" : (reason ?? (level < 1 ? "speeds up again" : "")),
  ];
}

function between(before: StoredSample, sample: StoredSample): Period {
  const ms = msBetween(before.at, sample.at);
  const { wasAway } = sample;
  const rows = Math.max(0, sample.rows - before.rows);
  const shown = sample.level < before.level ? sample : before;
  return {
    from: before.at,
    to: sample.at,
    rows,
    rowsPerSecond: ms === 0 ? 0 : (rows / ms) * 1_000,
    level: wasAway ? null : shown.level,
    reason: wasAway ? null : (shown.reason ?? sample.reason),
    lagSeconds: sample.lagSeconds,
    walBytesPerSecond: sample.walBytesPerSecond,
  };
}

function isAlike(one: Period, other: Period): boolean {
  return (one.level === null) === (other.level === null) && kindOf(one) === kindOf(other);
}

/** A reason without its figures, which change with each sample. */
function kindOf({ reason }: Period): string {
  return (reason ?? "").replaceAll(/[\d.,]+/g, "");
}

function joined(one: Period, other: Period): Period {
  const rows = one.rows + other.rows;
  const ms = msBetween(one.from, other.to);
  const most = (left: number | null, right: number | null): number | null =>
    left === null || right === null ? (left ?? right) : Math.max(left, right);
  const isLower = (other.level ?? 1) < (one.level ?? 1);
  return {
    from: one.from,
    to: other.to,
    rows,
    rowsPerSecond: ms === 0 ? 0 : (rows / ms) * 1_000,
    level: isLower ? other.level : one.level,
    reason: isLower ? other.reason : one.reason,
    lagSeconds: most(one.lagSeconds, other.lagSeconds),
    walBytesPerSecond: most(one.walBytesPerSecond, other.walBytesPerSecond),
  };
}

function msBetween(from: string, to: string): number {
  return Date.parse(to) - Date.parse(from);
}
