import type { EngineEvent } from "tidefill";
import { describe, expect, test } from "vitest";
import { CommitTimes } from "../../../src/engine/run/commit-times.ts";

const none = {
  walked: 1,
  read: 1,
  written: 1,
  unchanged: 0,
  skipped: 0,
  rejected: 0,
  swallowed: 0,
  conflicted: 0,
};

function commits(times: CommitTimes, milliseconds: readonly number[]): string[] {
  for (const each of milliseconds) {
    const seconds = { read: 0, transform: 0, write: 0, commit: each / 1_000 };
    const event: EngineEvent = {
      type: "batch committed",
      job: "j",
      run: 1n,
      range: 1n,
      counts: none,
      seconds,
    };
    times.hear(event);
  }
  return times.endStage();
}
const many = (milliseconds: number): number[] => Array<number>(20).fill(milliseconds);

describe("commits of a stage", () => {
  test("are worse when they are slow and take three times as long as before", () => {
    const times = new CommitTimes();
    expect(commits(times, many(10))).toEqual([]);
    expect(commits(times, many(29))).toEqual([]);
    expect(commits(times, many(90))).toEqual(["commits take 90 ms, 29 ms in the stage before"]);
  });

  test("are not worse while they are fast", () => {
    const times = new CommitTimes();
    expect(commits(times, many(1))).toEqual([]);
    expect(commits(times, many(19))).toEqual([]);
  });

  test("are judged by their median, so a few slow ones do not matter", () => {
    const times = new CommitTimes();
    commits(times, many(5));
    expect(commits(times, [...many(6), 900, 900, 900])).toEqual([]);
  });

  test("are not judged when there are few, and the next stage is compared with the one before those", () => {
    const times = new CommitTimes();
    commits(times, many(10));
    expect(commits(times, [500, 500])).toEqual([]);
    expect(commits(times, many(50))).toEqual(["commits take 50 ms, 10 ms in the stage before"]);
  });
});
