import { expect, test } from "vitest";
import { LsnHistory } from "../../../src/throttle/signals/lsn-history.ts";

test("a standby that has replayed all WAL does not lag, however long ago that was", () => {
  const history = new LsnHistory();
  history.note(100, 0);
  expect(history.secondsBehind(100, 3_600_000)).toBe(0);
});

test("a standby lags by the age of the oldest WAL that it has not replayed", () => {
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

test("an idle primary does not age its replicas; the lag of a replica that lacks older WAL is unknown", () => {
  const history = new LsnHistory();
  history.note(100, 0);
  for (let at = 1_000; at <= 60_000; at += 1_000) history.note(100, at);
  expect(history.secondsBehind(100, 60_000)).toBe(0);
  expect(history.secondsBehind(99, 60_000)).toBeNull();
});

test("WAL written after an idle time is not as old as the idle time", () => {
  const history = new LsnHistory();
  history.note(100, 0);
  for (let at = 500; at <= 60_000; at += 500) history.note(100, at);
  history.note(200, 60_500);
  expect(history.secondsBehind(100, 60_500)).toBe(0.5);
  expect(history.secondsBehind(150, 60_500)).toBe(0.25);
});
