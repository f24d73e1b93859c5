import { expect, test } from "vitest";
import { describeHistory, periodsOf } from "../../../src/describe/describe-history.ts";
import type { StoredSample } from "../../../src/store/runs/samples.ts";

const full = {
  rowsPerSecond: 100,
  workers: 4,
  level: 1,
  reason: null,
  lagSeconds: null,
  walBytesPerSecond: null,
  batch: null,
  isLast: false,
  wasAway: false,
};

function sample(seconds: number, rows: number, more: Partial<StoredSample> = {}): StoredSample {
  const at = new Date(Date.UTC(2026, 10, 30, 3, 10, seconds)).toISOString();
  return { ...full, at, rows, seconds, ...more };
}

test("times in which a run went on in the same way are one line, whatever their figures", () => {
  const lag = (seconds: number) => ({ level: 0, reason: `held: replication lag ${seconds} s > 5 s on b` });
  const periods = periodsOf([
    sample(0, 0),
    sample(10, 1_000),
    sample(20, 2_000, lag(7.2)),
    sample(30, 2_000, lag(9.1)),
    sample(40, 2_000, lag(6)),
    sample(50, 3_000),
  ]);
  expect(periods.map(({ from, rows, level, reason }) => [from.slice(14, 19), rows, level, reason])).toEqual([
    ["10:00", 1_000, 1, null],
    ["10:10", 2_000, 0, "held: replication lag 7.2 s > 5 s on b"],
  ]);
});

test("a time without samples is told as one in which no process was at work", () => {
  const periods = periodsOf([sample(0, 0), sample(10, 1_000), sample(300, 1_000, { wasAway: true })]);
  expect(periods.map(({ level }) => level)).toEqual([1, null]);
  expect(describeHistory([sample(0, 0), sample(10, 1_000), sample(300, 1_000, { wasAway: true })])).toMatch(
    /03:10:00 +10 s +1,000 +100 +100 %[\s\S]*03:10:10 +4 min 50 s +0 +0 +– .*no process was at work/,
  );
});

test("a long even run is told in thirty lines or so, so that a change of its speed shows", () => {
  const day = Array.from({ length: 8_640 }, (_, place) => sample(place * 10, place * 1_000));
  expect(periodsOf(day).length).toBeGreaterThanOrEqual(30);
  expect(periodsOf(day).length).toBeLessThanOrEqual(35);
  expect(periodsOf(day).reduce((sum, { rows }) => sum + rows, 0)).toBe(8_639_000);
});
