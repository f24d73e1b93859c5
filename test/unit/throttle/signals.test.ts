import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Windows } from "../../../src/job/pace/windows.ts";
import type { Queryable } from "../../../src/postgres/transaction/database.ts";
import { against, inBytes, inSeconds } from "../../../src/throttle/amount.ts";
import { type Signal, SignalBlindError, utilizationOf } from "../../../src/throttle/signal.ts";
import { CommitLatency } from "../../../src/throttle/signals/commit-latency.ts";
import { stopFile } from "../../../src/throttle/signals/stop-file.ts";
import { userFunction } from "../../../src/throttle/signals/user-function.ts";
import { type OpenHours, WindowSignal } from "../../../src/throttle/signals/window-signal.ts";

describe("a utilization", () => {
  test.each([
    [0, 10, 0],
    [5, 10, 0.5],
    [10, 10, 1],
    [25, 10, 2.5],
    [0, 0, 0],
    [1, 0, 1],
  ])("of %d against %d is %d", (measure, limit, utilization) => {
    expect(utilizationOf(measure, limit)).toBe(utilization);
  });

  test.each([
    [9, 0.9],
    [10, 0.95],
    [1_000, 0.95],
  ])("of %d against 10 that must never stop a run is %d", (measure, utilization) => {
    expect(utilizationOf(measure, 10, false)).toBe(utilization);
  });
});

describe("an amount in a reason", () => {
  test.each([
    [0, "0 s"],
    [0.04, "0 s"],
    [0.44, "0.4 s"],
    [5, "5 s"],
    [7.24, "7.2 s"],
    [9.96, "10 s"],
    [43.4, "43 s"],
    [119, "119 s"],
    [120, "2 min"],
    [754, "13 min"],
  ])("of %d seconds is %s", (seconds, text) => {
    expect(inSeconds(seconds)).toBe(text);
  });

  test.each([
    [0, "0 B"],
    [1_023, "1023 B"],
    [1_024, "1 kB"],
    [1_536, "1.5 kB"],
    [11_776, "12 kB"],
    [536_870_912, "512 MB"],
    [10_737_418_240, "10 GB"],
    [2 ** 50, "1024 TB"],
  ])("of %d bytes is %s", (bytes, text) => {
    expect(inBytes(bytes)).toBe(text);
  });

  test.each([
    [7.2, 5, "7.2 s > 5 s"],
    [5, 5, "5 s > 5 s"],
    [2, 5, "2 s of at most 5 s"],
  ])("shows %d and its limit %d as %s", (measure, limit, text) => {
    expect(against(measure, limit, inSeconds)).toBe(text);
  });
});

describe("the latency of commits", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["performance"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const having = (milliseconds: readonly number[]): CommitLatency => {
    const signal = new CommitLatency();
    for (const each of milliseconds) signal.observe(each);
    return signal;
  };

  test("is not judged from fewer than five commits", async () => {
    expect(await having([500, 500, 500, 500]).read()).toBeNull();
    expect(await having([500, 500, 500, 500, 500]).read()).not.toBeNull();
  });

  test.each([
    ["nine of ten are fast", [...Array(9).fill(60), 900], 0.6, "commits take 60 ms of at most 100 ms"],
    [
      "two of ten are slow",
      [...Array(16).fill(10), 900, 900, 900, 900],
      0.95,
      "commits take 900 ms > 100 ms",
    ],
    [
      "they come in any order",
      [900, 30, 60, ...Array(8).fill(30)],
      0.6,
      "commits take 60 ms of at most 100 ms",
    ],
    ["all are at the limit", Array(5).fill(100), 0.95, "commits take 100 ms > 100 ms"],
  ])("slows a run down and never stops it: %s", async (_, milliseconds, utilization, reason) => {
    const found = await having(milliseconds).read();
    // A batch of any size waits for the disk once.
    expect(found).toEqual({ signal: "commit latency", utilization, reason, onlyRestsHelp: true });
  });

  test("is forgotten after ten seconds", async () => {
    const signal = having(Array(5).fill(900));
    vi.advanceTimersByTime(10_000);
    expect(await signal.read()).toMatchObject({ utilization: 0.95 });
    for (let count = 0; count < 5; count += 1) signal.observe(10);
    vi.advanceTimersByTime(1);
    expect(await signal.read()).toMatchObject({ reason: "commits take 10 ms of at most 100 ms" });
    vi.advanceTimersByTime(10_000);
    expect(await signal.read()).toBeNull();
  });
});

const nowhere: Queryable = {
  query: () => Promise.reject(new Error("The database has nothing to do with it.")),
};

describe("a function of the job's own", () => {
  const reading = (read: () => number | Promise<number>): ReturnType<Signal["read"]> =>
    userFunction({ name: "queue", max: 200, read }).read(nowhere);

  test.each([
    [100, 0.5, "queue 100 of at most 200"],
    [200, 1, "queue 200 > 200"],
    [0.126, 0.00063, "queue 0.13 of at most 200"],
    [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, "queue Infinity > 200"],
  ])("that returns %d gives the utilization %d: %s", async (value, utilization, reason) => {
    expect(await reading(() => value)).toEqual({ signal: "function", utilization, reason });
    expect(await reading(async () => value)).toEqual({ signal: "function", utilization, reason });
  });

  test.each([Number.NaN, "7", undefined, null, 7n])("that returns %o is blind, and named", async (value) => {
    const blind = reading(() => value as unknown as number);
    await expect(blind).rejects.toThrow(SignalBlindError);
    await expect(blind).rejects.toThrow('the function "queue" returned no number');
  });

  test("that throws is reported, and one that cannot be asked holds the run", async () => {
    const failing = (): number => {
      throw new Error("queue is gone");
    };
    await expect(reading(failing)).rejects.toThrow("queue is gone");
    await expect(reading(() => Promise.reject(new Error("queue is gone")))).rejects.toThrow("queue is gone");
    expect(userFunction({ name: "queue", max: 1, read: failing }).onError).toBe("hold");
  });
});

describe("a stop file", () => {
  test("holds a run while it exists, whatever its content", async () => {
    const directory = await mkdtemp(join(tmpdir(), "tidefill-stop-file-"));
    const path = join(directory, "stop");
    const signal = stopFile(path);
    expect(await signal.read(nowhere)).toBeNull();
    await writeFile(path, "");
    expect(await signal.read(nowhere)).toEqual({
      signal: "stop file",
      utilization: 1,
      reason: `the file ${path} is there`,
    });
    expect(await stopFile(directory).read(nowhere)).toMatchObject({ utilization: 1 });
    await rm(directory, { recursive: true });
    expect(await signal.read(nowhere)).toBeNull();
  });
});

describe("a window as a signal", () => {
  /** A database whose clock shows a given time. */
  const clock = (now: string): Queryable => ({
    query: async () => ({ rows: [{ now: String(Date.parse(now)) }], count: 1 }),
  });

  test.each([
    ["2026-06-01T20:30:00Z", null],
    [
      "2026-06-01T19:59:00Z",
      "the window 22:00-06:00 Europe/Berlin is closed until 2026-06-01 20:00 UTC (60 s)",
    ],
    [
      "2026-06-01T04:00:00Z",
      "the window 22:00-06:00 Europe/Berlin is closed until 2026-06-01 20:00 UTC (16 h)",
    ],
  ])("follows the database's clock: at %s it says %s", async (now, reason) => {
    const windows = Windows.parse("22:00-06:00 Europe/Berlin");
    const expected = reason === null ? null : { signal: "window", utilization: 1, reason };
    expect(await new WindowSignal(() => windows).read(clock(now))).toEqual(expected);
  });

  test("says nothing where there is no window, and notices one that is set later", async () => {
    let hours: OpenHours | null = null;
    const signal = new WindowSignal(() => hours);
    const now = clock("2026-06-01T12:00:00Z");
    expect(await signal.read(now)).toBeNull();
    hours = Windows.parse("22:00-06:00 UTC");
    expect((await signal.read(now))?.reason).toMatch(/until 2026-06-01 22:00 UTC/);
    hours = Windows.parse("20:00-06:00 UTC");
    expect((await signal.read(now))?.reason).toMatch(/until 2026-06-01 20:00 UTC/);
  });

  test("computes the next opening once, and again when that has passed", async () => {
    const windows = Windows.parse("22:00-06:00 UTC");
    const nextChange = vi.spyOn(windows, "nextChange");
    const signal = new WindowSignal(() => windows);
    const read = async (now: string): Promise<string | undefined> => (await signal.read(clock(now)))?.reason;
    expect(await read("2026-06-01T12:00Z")).toMatch(/until 2026-06-01 22:00 UTC \(10 h\)/);
    expect(await read("2026-06-01T21:00Z")).toMatch(/until 2026-06-01 22:00 UTC \(60 min\)/);
    expect(nextChange).toHaveBeenCalledTimes(1);
    expect(await read("2026-06-01T22:00Z")).toBeUndefined();
    expect(await read("2026-06-02T06:00Z")).toMatch(/until 2026-06-02 22:00 UTC/);
    expect(nextChange).toHaveBeenCalledTimes(2);
  });

  test("that never opens says so", async () => {
    const never: OpenHours = { isOpen: () => false, nextChange: () => null, toString: () => "never" };
    expect(await new WindowSignal(() => never).read(clock("2026-06-01T12:00Z"))).toMatchObject({
      utilization: 1,
      reason: "the window never is closed and never opens",
    });
  });
});
