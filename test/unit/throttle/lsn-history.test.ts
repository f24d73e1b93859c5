import { expect, test } from "vitest";
import { LsnHistory } from "../../../src/throttle/signals/lsn-history.ts";

test("a standby that has replayed all is not late, however long ago that was", () => {
  const history = new LsnHistory();
  history.note(100, 0);
  expect(history.secondsBehind(100, 3_600_000)).toBe(0);
});

test("a standby is as late as the oldest WAL that it has not replayed", () => {
  const history = new LsnHistory();
  for (const [position, at] of [
    [100, 0],
    [200, 1_000],
    [300, 2_000],
  ] as const)
    history.note(position, at);
  expect(history.secondsBehind(300, 5_000)).toBe(0);
  expect(history.secondsBehind(250, 5_000)).toBe(3.5);
  expect(history.secondsBehind(150, 5_000)).toBe(4.5);
  expect(history.secondsBehind(100, 5_000)).toBe(5);
});

test("a primary that stands still ages nobody who is there, and nobody can tell of who lacks what was there before", () => {
  const history = new LsnHistory();
  history.note(100, 0);
  for (let at = 1_000; at <= 60_000; at += 1_000) history.note(100, at);
  expect(history.secondsBehind(100, 60_000)).toBe(0);
  expect(history.secondsBehind(99, 60_000)).toBeNull();
});

test("what is written after a rest is not as old as the rest", () => {
  const history = new LsnHistory();
  history.note(100, 0);
  for (let at = 500; at <= 60_000; at += 500) history.note(100, at);
  history.note(200, 60_500);
  expect(history.secondsBehind(100, 60_500)).toBe(0.5);
  expect(history.secondsBehind(150, 60_500)).toBe(0.25);
});
