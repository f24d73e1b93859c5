import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Pacer } from "../../../src/engine/pacing/pacer.ts";
import type { Pace, RunPace } from "../../../src/job/pace/pace.ts";

/** A pacer that the signals have given one utilization. */
function utilized(utilization: number, job: Pace = {}, run: RunPace = {}): Pacer {
  const pacer = new Pacer(job, run);
  pacer.learn([{ signal: "archiver", utilization, reason: `archiver ${utilization}` }]);
  return pacer;
}

/** How long no worker may begin a batch. */
function restOf(pacer: Pacer): number {
  const begun = performance.now();
  // A held worker waits for ever.
  while (pacer.waitMs() > 0 && performance.now() - begun < 20_000) vi.advanceTimersByTime(1);
  return performance.now() - begun;
}

// Time stands still unless a test moves it.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe("the pace that people chose", () => {
  test("is tidefill's default where none is given", () => {
    const pacer = new Pacer({}, {});
    expect(pacer.chosen).toEqual({ workers: 4, batchTime: "250ms" });
    expect(pacer).toMatchObject({
      workers: 4,
      batchTimeMs: 250,
      rowsAtMost: Number.POSITIVE_INFINITY,
      windows: null,
    });
  });

  test("of a run takes precedence over the job's, and the job's over tidefill's default", () => {
    const job: Pace = { batchTime: "100ms", rowsPerSecond: 1_000, window: "00:00-24:00 UTC" };
    const pacer = new Pacer(job, { workers: 2, rowsPerSecond: 40, window: "22:00-06:00 UTC" });
    expect(pacer).toMatchObject({ workers: 2, batchTimeMs: 100, rowsAtMost: 10 });
    expect(String(pacer.windows)).toBe("22:00-06:00 UTC");
  });

  test("is followed when an operator sets it, and a reset brings the job's back", () => {
    const pacer = new Pacer({ batchTime: "100ms", window: "00:00-24:00 UTC" }, { batchTime: "1s" });
    pacer.follow({ workers: 8, window: "22:00-06:00 UTC" });
    expect(pacer).toMatchObject({ workers: 8, batchTimeMs: 100 });
    expect(String(pacer.windows)).toBe("22:00-06:00 UTC");
    pacer.follow({});
    expect(pacer).toMatchObject({ workers: 4, batchTimeMs: 100 });
    expect(String(pacer.windows)).toBe("00:00-24:00 UTC");
  });

  test("keeps its window objects while they are unchanged, and with them what was computed from them", () => {
    const pacer = new Pacer({ window: "22:00-06:00 UTC" }, {});
    pacer.follow({});
    const { windows } = pacer;
    pacer.follow({});
    expect(pacer.windows).toBe(windows);
  });
});

describe("where only rests help", () => {
  const busy = {
    signal: "processor",
    utilization: 0.99,
    reason: "an application",
    onlyRestsHelp: true,
  } as const;
  const waits = { signal: "lock waits", utilization: 0.9, reason: "somebody waits" } as const;

  test("batches stay long, also afterwards", () => {
    const pacer = new Pacer({}, {});
    pacer.learn([busy]);
    expect(pacer).toMatchObject({ activeWorkers: 1, batchTimeMs: 125 });
    pacer.learn([]);
    expect(pacer.batchTimeMs).toBe(125);
  });

  test("another signal makes batches short nevertheless", () => {
    const pacer = new Pacer({}, {});
    pacer.learn([busy, waits]);
    expect(pacer.heldBackBy).toMatchObject({ signal: "processor" });
    expect(pacer.batchTimeMs).toBeCloseTo(utilized(0.9).batchTimeMs);
    expect(pacer.batchTimeMs).toBeLessThan(60);
  });
});

describe("beside an application on few processors", () => {
  function beside(utilization: number, job: Pace = {}, run: RunPace = {}): Pacer {
    const pacer = new Pacer(job, run);
    const reading = { signal: "processor", utilization, reason: "an application" } as const;
    pacer.learn([{ ...reading, onlyRestsHelp: true, oneWorker: true }]);
    return pacer;
  }

  test("one worker does short batches without a rest, however many are chosen", () => {
    for (const workers of [1, 4, 64]) {
      const pacer = beside(0.5, {}, { workers });
      expect(pacer).toMatchObject({ level: 1, activeWorkers: 1, batchTimeMs: 25 });
      expect(pacer.heldBackBy).toMatchObject({ signal: "processor" });
      pacer.worked(1_000, 25);
      expect(pacer.waitMs()).toBe(0);
    }
  });

  test("the timeouts of a batch and the size of ranges come from the chosen batch time", () => {
    expect(beside(0.5).limitMs).toBe(250);
    expect(beside(0.5, { batchTime: "100ms" }).limitMs).toBe(100);
  });

  test("batches that are shorter by choice stay so", () => {
    expect(beside(0.5, { batchTime: "15ms" }).batchTimeMs).toBe(15);
  });

  test("the worker rests where the processors are busy: short batches share a rest", () => {
    const pacer = beside(0.75);
    expect(pacer).toMatchObject({ activeWorkers: 1, batchTimeMs: 25 });
    for (let batch = 1; batch <= 9; batch += 1) {
      pacer.worked(1_000, 25);
      expect(pacer.waitMs()).toBe(0);
    }
    pacer.worked(1_000, 25);
    expect(restOf(pacer)).toBeCloseTo(250 * (1 / 0.5015 - 1), -1);
  });

  test.each([[[]], [[{ signal: "lock waits", utilization: 0.51, reason: "a session waits" } as const]]])(
    "the processes of a run share the time of one worker, whatever else slows them down",
    (also) => {
      const pacer = new Pacer({}, {});
      const application = { signal: "processor", utilization: 0.5, reason: "an application" } as const;
      pacer.learn([{ ...application, onlyRestsHelp: true, oneWorker: true }, ...also]);
      pacer.measured(2, 0);
      pacer.worked(1_000, 250);
      expect(restOf(pacer)).toBeGreaterThanOrEqual(240);
    },
  );

  test("the chosen workers and batches come back once the application has gone", () => {
    const pacer = beside(0.5);
    pacer.learn([]);
    expect(pacer).toMatchObject({ activeWorkers: 4, batchTimeMs: 250, heldBackBy: null });
  });
});

describe("the level", () => {
  test.each([
    // utilization, level, active workers, batch time, rest after a batch of 150 ms of each of them
    [0, 1, 4, 250, 0],
    [0.5, 1, 4, 250, 0],
    [0.75, 0.5015, 3, 125.375, 150 * (3 / 2.006 - 1)],
    [0.95, 0.1027, 1, 25.675, 150 * (1 / 0.4108 - 1)],
    [0.999, 0.004994, 1, 25, 150 * (1 / 0.019976 - 1)],
    [1, 0, 1, 25, 20_000],
  ])(
    "at the utilization %d is %d: %i of 4 workers, batches of %d ms, a rest of %d ms",
    (utilization, ...expected) => {
      const pacer = utilized(utilization);
      const [level, workers, batchTime, rest] = expected;
      expect(pacer.level).toBeCloseTo(level);
      expect(pacer.activeWorkers).toBe(workers);
      expect([1, 2, 3, 4].filter((worker) => pacer.mayWork(worker))).toHaveLength(workers);
      expect(pacer.batchTimeMs).toBeCloseTo(batchTime);
      for (let worker = 1; worker <= workers; worker += 1) pacer.worked(10, 150);
      expect(restOf(pacer)).toBeCloseTo(rest, -1);
    },
  );

  test("leaves no batch shorter than 10 ms", () => {
    for (const batchTime of ["10ms", "15ms", "20ms"] as const)
      expect(utilized(0.95, { batchTime }).batchTimeMs).toBe(10);
  });

  test("makes a single worker rest instead of removing it", () => {
    const pacer = utilized(0.75, {}, { workers: 1 });
    expect(pacer.activeWorkers).toBe(1);
    pacer.worked(10, 150);
    expect(restOf(pacer)).toBeCloseTo(150 * (1 / 0.5015 - 1), -1);
  });

  test("does not grow with more workers than usual where only rests help", () => {
    for (const workers of [4, 16, 64]) {
      const pacer = new Pacer({}, { workers });
      pacer.learn([
        { signal: "processor", utilization: 0.999, reason: "an application", onlyRestsHelp: true },
      ]);
      expect(pacer.activeWorkers).toBe(1);
      pacer.worked(10, 250);
      expect(restOf(pacer)).toBeCloseTo(250 * (1 / 0.019976 - 1), -1);
    }
  });

  test("is shared by all processes where only rests help", () => {
    const pacer = new Pacer({}, { workers: 4 });
    pacer.learn([{ signal: "processor", utilization: 0.95, reason: "an application", onlyRestsHelp: true }]);
    pacer.measured(2, 0);
    pacer.worked(10, 250);
    expect(restOf(pacer)).toBeCloseTo(250 * (1 / (0.4108 / 2) - 1), -1);
  });

  test("ends a rest at once when the utilization has fallen, and when an operator sets another pace", () => {
    for (const free of [(pacer: Pacer) => pacer.learn([]), (pacer: Pacer) => pacer.follow({ workers: 4 })]) {
      const pacer = utilized(0.75, {}, { workers: 1 });
      pacer.worked(10, 5_000);
      expect(pacer.waitMs()).toBe(100);
      vi.advanceTimersByTime(4_000);
      expect(pacer.waitMs()).toBe(100);
      free(pacer);
      expect(pacer.waitMs()).toBe(0);
    }
  });

  test("of zero lets no worker begin a batch, and names what holds the run back", () => {
    const pacer = utilized(1.5);
    expect(pacer.waitMs()).toBe(100);
    expect(pacer.heldBackBy?.reason).toBe("archiver 1.5");
    const free = utilized(0.4);
    expect(free.waitMs()).toBe(0);
    expect(free.heldBackBy).toBeNull();
  });
});

describe("rows a second", () => {
  test.each([
    [4, 1_000],
    [8, 500],
    [12, 334],
    [0, 1_000],
  ])("are shared among all processes: with %i workers in all, a batch here has %i", (all, rows) => {
    const pacer = new Pacer({ rowsPerSecond: 4_000 }, {});
    pacer.measured(all, 0);
    expect(pacer.rowsAtMost).toBe(rows);
  });

  test("are shared among the workers that are active, also in a process that gives way", () => {
    const pacer = utilized(0.95, { rowsPerSecond: 4_000 });
    pacer.measured(4, 0);
    expect(pacer.rowsAtMost).toBe(250);
  });

  test("allow a batch at least one row", () => {
    expect(new Pacer({ rowsPerSecond: 1 }, {}).rowsAtMost).toBe(1);
  });

  test("make the next batch wait until its rows are due, a tenth of a second at a time", () => {
    const pacer = new Pacer({ rowsPerSecond: 1_000 }, {});
    expect(pacer.waitMs()).toBe(0);
    // The batch itself took a part of the time.
    vi.advanceTimersByTime(10);
    pacer.worked(50, 10);
    expect(pacer.waitMs()).toBeCloseTo(40);
    pacer.worked(200, 10);
    expect(pacer.waitMs()).toBe(100);
    vi.advanceTimersByTime(239);
    expect(pacer.waitMs()).toBeCloseTo(1);
    vi.advanceTimersByTime(1);
    expect(pacer.waitMs()).toBe(0);
  });

  test("are reached by batches that take most of the time", () => {
    const pacer = new Pacer({ rowsPerSecond: 1_000 }, {});
    let rows = 0;
    while (performance.now() < 10_000) {
      if (pacer.waitMs() === 0) {
        vi.advanceTimersByTime(80);
        pacer.worked(100, 80);
        rows += 100;
      } else vi.advanceTimersByTime(1);
    }
    expect(rows).toBe(10_000);
  });

  test("owed under an earlier limit are forgotten when an operator sets another", () => {
    const pacer = new Pacer({}, { rowsPerSecond: 1 });
    pacer.follow({ rowsPerSecond: 1 });
    pacer.worked(500, 10);
    vi.advanceTimersByTime(3_000);
    expect(pacer.waitMs()).toBeGreaterThan(0);
    pacer.follow({ rowsPerSecond: 1 });
    expect(pacer.waitMs()).toBeGreaterThan(0);
    pacer.follow({});
    expect(pacer.waitMs()).toBe(0);
  });

  test("that were not used are not made up for later", () => {
    const pacer = new Pacer({ rowsPerSecond: 1_000 }, {});
    pacer.worked(50, 10);
    vi.advanceTimersByTime(60_000);
    pacer.worked(50, 10);
    expect(pacer.waitMs()).toBeCloseTo(40);
  });

  test("make half of the workers wait twice as long for the same rows", () => {
    const pacer = new Pacer({ rowsPerSecond: 1_000 }, {});
    pacer.measured(8, 0);
    vi.advanceTimersByTime(10);
    pacer.worked(25, 10);
    expect(pacer.waitMs()).toBeCloseTo(40);
  });
});

describe("WAL", () => {
  test.each([
    [0, Number.POSITIVE_INFINITY],
    [1_024, 16_384],
    [1_000, 16_777],
    [1_048_576, 100],
  ])("of %i bytes a row allows a batch %d rows", (bytes, rows) => {
    const pacer = new Pacer({}, {});
    pacer.measured(4, bytes);
    expect(pacer.rowsAtMost).toBe(rows);
  });

  test("and rows a second limit a batch together: the stricter limit counts", () => {
    const pacer = new Pacer({ rowsPerSecond: 4_000 }, {});
    pacer.measured(4, 1_024);
    expect(pacer.rowsAtMost).toBe(1_000);
    pacer.measured(4, 65_536);
    expect(pacer.rowsAtMost).toBe(256);
  });
});
