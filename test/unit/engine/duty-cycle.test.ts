import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { DutyCycle } from "../../../src/engine/pacing/duty-cycle.ts";

// Time stands still unless a test moves it.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** One worker that has worked for 300 ms in three batches, each too short for a rest of its own. */
function tired(): DutyCycle {
  const rests = new DutyCycle();
  for (let batch = 0; batch < 2; batch += 1) {
    rests.worked(100, 1, 250);
    expect(rests.remainingMs(0.5)).toBe(0);
  }
  rests.worked(100, 1, 250);
  return rests;
}

test("short batches share one rest, as long as their share requires", () => {
  const rests = tired();
  expect(rests.remainingMs(0.25)).toBeCloseTo(900);
  vi.advanceTimersByTime(899);
  expect(rests.remainingMs(0.25)).toBeCloseTo(1);
  vi.advanceTimersByTime(1);
  expect(rests.remainingMs(0.25)).toBe(0);
  rests.worked(100, 1, 250);
  expect(rests.remainingMs(0.25)).toBe(0);
});

test("a rest ends early when the utilization has fallen, and lasts longer when it rises", () => {
  const rests = tired();
  expect(rests.remainingMs(0.1)).toBeCloseTo(2_700);
  vi.advanceTimersByTime(300);
  expect(rests.remainingMs(0.05)).toBeCloseTo(5_400);
  expect(rests.remainingMs(0.5)).toBe(0);
  expect(tired().remainingMs(1)).toBe(0);
});

test("no rest is longer than twenty seconds, however long a batch was", () => {
  const rests = new DutyCycle();
  rests.worked(60_000, 1, 250);
  expect(rests.remainingMs(0.01)).toBe(20_000);
});

test("workers rest together once each has worked its time, and batches still in progress count too", () => {
  const rests = new DutyCycle();
  rests.worked(300, 2, 250);
  expect(rests.remainingMs(0.5)).toBe(0);
  rests.worked(300, 2, 250);
  expect(rests.remainingMs(0.5)).toBeCloseTo(300);
  rests.worked(100, 2, 250);
  expect(rests.remainingMs(0.5)).toBeCloseTo(350);
});

test("work done while no rest was needed earns no rest", () => {
  const rests = new DutyCycle();
  rests.worked(200, 1, 250);
  rests.forget();
  rests.worked(200, 1, 250);
  expect(rests.remainingMs(0.5)).toBe(0);
});
