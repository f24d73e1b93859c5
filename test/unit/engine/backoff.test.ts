import { afterEach, expect, test, vi } from "vitest";
import { Backoff, Patience } from "../../../src/engine/loop/backoff.ts";

afterEach(() => {
  vi.useRealTimers();
});

const lock = new Error("canceling statement due to lock timeout");

test("after five minutes without progress the error names the session that was waited for last", () => {
  vi.useFakeTimers();
  const backoff = new Backoff(new Patience());
  backoff.nextPauseMs(lock, ["pid 4711 of shop (reports), idle in transaction for 4 min"]);
  vi.advanceTimersByTime(301_000);
  // Not every attempt looks for them.
  expect(() => backoff.nextPauseMs(lock)).toThrow(
    "There was no progress for 5 minutes; the last obstacle: canceling statement due to lock timeout, held by pid 4711 of shop (reports), idle in transaction for 4 min.",
  );
});

test("a session that was waited for before a committed batch is not named", () => {
  vi.useFakeTimers();
  const backoff = new Backoff(new Patience());
  backoff.nextPauseMs(lock, ["pid 4711 of shop (reports), active for 1 s"]);
  backoff.reset();
  vi.advanceTimersByTime(301_000);
  expect(() => backoff.nextPauseMs(lock)).toThrow(/lock timeout\.$/);
});
