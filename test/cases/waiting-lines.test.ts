import pg from "pg";
import { describe, expect, test } from "vitest";
import { Blockers } from "../../src/engine/pacing/blockers.ts";
import { Holds } from "../../src/engine/process/holds.ts";
import { ProgressLine } from "../../src/observe/progress-line.ts";
import { progressLine, progressLines } from "../../src/observe/progress-text.ts";
import { holdBySignal } from "../../src/remedies/hold-by-signal.ts";
import { holdByBlockers, holdByObstacle } from "../../src/remedies/obstacles.ts";
import { stopOf } from "../../src/remedies/stops.ts";
import { runStatuses, type StopReason } from "../../src/store/runs/run-status.ts";
import { type Reading, type Signal, signalNames } from "../../src/throttle/signal.ts";
import { SignalWatch } from "../../src/throttle/signal-watch.ts";

const figures = ["12.3 %", "4,000 of ~60,000 rows", "4 workers × 1,000 rows"];
const session = {
  ...{ pid: 4711, gid: null, user: "shop", application: "reports" },
  ...{ state: "idle in transaction", seconds: 14 },
};

describe("why a run waits", () => {
  test.each(signalNames)("by the signal %s is shown with what to type (15)", (signal) => {
    const reading = { signal, utilization: 1, reason: `${signal} 7 > 5` };
    for (const isHeld of [true, false]) {
      const hold = holdBySignal(reading, isHeld, "count");
      expect(hold).toMatchObject({ kind: isHeld ? "held" : "slowed down", reason: `${signal} 7 > 5` });
      expect(hold.remedy.length).toBeGreaterThan(10);
    }
  });

  test("a signal below its limit says why it matters (15)", () => {
    const commits = {
      signal: "commit latency",
      utilization: 0.74,
      reason: "commits take 74 ms of at most 100 ms",
    } as const;
    expect(holdBySignal(commits, false, "count").reason).toBe(
      "commits take 74 ms of at most 100 ms; slowing begins at half of the limit",
    );
    const lag = {
      signal: "replication lag",
      utilization: 0.9,
      reason: "replication lag 4.5 s of at most 5 s on b",
    } as const;
    expect(holdBySignal(lag, true, "count")).toMatchObject({
      reason: "replication lag 4.5 s of at most 5 s on b; the run goes on at four fifths of the limit",
      remedy: expect.stringContaining("tidefill set count ignore=replication-lag"),
    });
  });

  test.each([
    ["lock", "55P03", "other sessions hold locks on the rows or the table"],
    ["deadlock", "40P01", "other sessions hold locks on the rows or the table"],
    ["connection", "57P01", "the database cannot be reached"],
    ["resources", "53300", "the server has no connection free"],
    ["resources", "53100", "the server's disk is full"],
    ["timeout", "57014", "statements take longer than a batch may"],
  ] as const)("where batches fail by %s, %s, the reason is true: %s (16)", (reason, sqlstate, said) => {
    const hold = holdByObstacle({ reason, sqlstate }, "count");
    expect(hold).toMatchObject({ kind: "held back", reason: said });
    expect(hold?.remedy.length).toBeGreaterThan(10);
  });

  test("a blocking session is shown by pid, user, state and age, a prepared transaction by its name (B6)", () => {
    expect(holdByBlockers([session])).toEqual({
      kind: "held back",
      reason: "pid 4711 of shop (reports), idle in transaction for 14 s, holds a lock that a batch needs",
      remedy: "wait, or end it: select pg_terminate_backend(4711)",
    });
    expect(holdByBlockers([{ ...session, pid: 0, gid: "o'clock", seconds: 7_300 }])).toMatchObject({
      reason:
        "the prepared transaction 'o'clock' of shop, prepared 2 h 2 min ago, holds a lock that a batch needs",
      remedy: "wait, or end it: rollback prepared 'o''clock'   or   commit prepared 'o''clock'",
    });
  });
});

describe("why a run has stopped", () => {
  const reasons: readonly StopReason[] = [
    ...(["paused", "signal", "vanished", "window", "until", "canary"] as const),
    ...(["no-progress", "reject-limit", "swallowed", "error"] as const),
  ];

  test.each(reasons)("%s is explained in words, with what to type (15)", (stopReason) => {
    for (const status of ["paused", "interrupted", "failed"] as const) {
      const stopped = { run: 7, job: "count", kind: "run", status, stopReason, rejected: 101 } as const;
      expect(stopOf(stopped)?.what).not.toBe(stopReason);
      expect(stopOf(stopped)?.remedy).toContain("tidefill resume count");
      expect(stopOf({ ...stopped, kind: "undo" })?.remedy).toContain("tidefill resume 7");
    }
  });

  test("a run that goes on or has ended for good has no such reason (15)", () => {
    const going = runStatuses.filter((status) => !["paused", "interrupted", "failed"].includes(status));
    for (const status of going) {
      const run = { run: 7, job: "count", kind: "run", status, stopReason: null, rejected: 0 } as const;
      expect(stopOf(run)).toBeNull();
    }
  });
});

describe("the progress line", () => {
  const hold = holdByBlockers([session]);

  test.each([40, 80, 90, 120])(
    "of %d columns shortens its figures, but neither the reason nor the remedy (15)",
    (width) => {
      const lines = progressLines("essay-word-count", { hold, figures }, width);
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(width);
      const text = lines.join(" ").replaceAll(/ +/g, " ");
      expect(text).toMatch(
        /^essay-word-count held back: pid 4711 of shop \(reports\), idle in transaction for 14 s,/,
      );
      expect(text).toContain("holds a lock that a batch needs");
      expect(text).toMatch(/→ wait, or end it: select pg_terminate_backend\(4711\)$/);
    },
  );

  test("in a file is one line, with the reason before the figures (15)", () => {
    expect(progressLine("count", { hold, figures })).toBe(
      "count  held back: pid 4711 of shop (reports), idle in transaction for 14 s, holds a lock that a batch needs → wait, or end it: select pg_terminate_backend(4711)  12.3 %  4,000 of ~60,000 rows  4 workers × 1,000 rows",
    );
    expect(progressLine("count", { hold: null, figures })).toBe(`count  ${figures.join("  ")}`);
  });

  test("removes all of its lines, however many it was wrapped into (15)", () => {
    const written: string[] = [];
    const stream = { isTTY: true, columns: 60, write: (text: string) => written.push(text) > 0 };
    const { CI: ci } = process.env;
    delete process.env.CI;
    try {
      const line = new ProgressLine(stream);
      line.hear({
        ...{ type: "pace changed", job: "count", run: 1n, isHeld: true },
        heldBack: { signal: "stop file", utilization: 1, reason: `the file ${"stop-".repeat(20)} is there` },
      });
      const rows = (written.at(-1) ?? "").split("\n").length;
      expect(rows).toBeGreaterThan(2);
      line.clear();
      expect(written.at(-1)?.split("\u001b[1A").length).toBe(rows);
    } finally {
      if (ci !== undefined) process.env.CI = ci;
    }
  });
});

describe("what a process reports of itself", () => {
  const processor = { signal: "processor", utilization: 0.9, reason: "an application is at work" } as const;
  const slowed = { level: 0.3, heldBackBy: processor };
  const event = { job: "count", run: 1n } as const;
  const counts = {
    walked: 1,
    read: 1,
    written: 1,
    unchanged: 0,
    skipped: 0,
    rejected: 0,
    swallowed: 0,
    conflicted: 0,
  };
  const seconds = { read: 0, transform: 0, write: 0, commit: 0 };
  const committed = { ...event, type: "batch committed", range: 1n, counts, seconds } as const;
  const blockers = () => new Blockers({ query: async () => ({ rows: [], count: 0 }) }, "tidefill count");

  test("exhausted connections take precedence over an application at work, even while other workers go on (16)", () => {
    const holds = new Holds("count", blockers(), { pause: null, failure: null });
    expect(holds.now(slowed)?.reason).toBe("an application is at work");
    holds.hear({ ...event, type: "worker failed", worker: 2, reason: "resources", sqlstate: "53300" });
    holds.hear(committed);
    expect(holds.now(slowed)?.reason).toBe("the server has no connection free");
  });

  test("a failure ends with the next committed batch, and a hold takes precedence over it (16)", () => {
    const holds = new Holds("count", blockers(), { pause: null, failure: null });
    holds.hear({ ...event, type: "worker failed", worker: 2, reason: "connection", sqlstate: "57P01" });
    expect(holds.now(slowed)?.reason).toBe("the database cannot be reached");
    expect(holds.now({ ...slowed, level: 0 })).toMatchObject({
      kind: "held",
      reason: "an application is at work",
    });
    holds.hear(committed);
    expect(holds.now(slowed)?.reason).toBe("an application is at work");
    expect(holds.now({ level: 1, heldBackBy: null })).toBeNull();
  });
});

describe("an outage", () => {
  const away = (code: string): Error => Object.assign(new pg.DatabaseError("refused", 0, "error"), { code });

  test.each([
    ["57P03", "the database cannot be reached"],
    ["57P01", "the database cannot be reached"],
    ["53300", "the server has no connection free"],
  ])("%s causes no warnings, and holds the run under its own name: %s (16)", async (code, said) => {
    const warnings: string[] = [];
    let readings: readonly Reading[] = [];
    const look = (name: "window" | "wal", onError: "hold" | "ignore"): Signal => ({
      ...{ name, onError, everyMs: 500 },
      read: async () => {
        throw away(code);
      },
    });
    const watch = new SignalWatch(
      { query: async () => ({ rows: [], count: 0 }) },
      [look("window", "hold"), look("wal", "ignore")],
      (told) => {
        readings = told;
      },
      (signal) => warnings.push(signal),
    );
    await watch.start();
    await watch.stop();
    expect(warnings).toEqual([]);
    expect(readings.map((reading) => holdBySignal(reading, true, "count").reason)).toEqual([said]);
  });
});
