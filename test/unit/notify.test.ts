import { expect, test } from "vitest";
import type { RunReport } from "../../src/engine/report/run-report.ts";
import { eventsOf } from "../../src/notify/notice.ts";
import { noticeBody } from "../../src/notify/notice-body.ts";

const report = {
  kind: "run",
  status: "running",
  stopReason: null,
  rows: { rejected: 0, swallowed: 0, conflicted: 0 },
  secondsSinceCheckpoint: 1,
  startedAt: "2026-11-30T03:00:00.000Z",
  hold: null,
} as unknown as RunReport;

test.each([
  ["a run at work", {}, []],
  ["one without a commit for six minutes", { secondsSinceCheckpoint: 360 }, ["stalled"]],
  [
    "one that its window holds",
    {
      secondsSinceCheckpoint: 360,
      hold: { kind: "held", reason: "the window is closed", remedy: "", cause: "off duty" },
    },
    [],
  ],
  [
    "one that a stop file holds",
    {
      secondsSinceCheckpoint: 360,
      hold: { kind: "held", reason: "the file /stop is there", remedy: "", cause: "off duty" },
    },
    [],
  ],
  [
    "one that lag holds",
    { secondsSinceCheckpoint: 360, hold: { kind: "held", reason: "replication lag 9 s > 5 s", remedy: "" } },
    ["stalled"],
  ],
  ["one that never began", { secondsSinceCheckpoint: null }, ["stalled"]],
  ["a paused one", { status: "paused", stopReason: "paused" }, []],
  ["one after a stage", { status: "paused", stopReason: "canary" }, ["stage-done"]],
  ["one that was told to stop", { status: "interrupted", stopReason: "signal" }, []],
  ["one whose process vanished", { status: "interrupted", stopReason: "vanished" }, ["interrupted"]],
  ["one without progress", { status: "interrupted", stopReason: "no-progress" }, ["interrupted"]],
  ["a failed one", { status: "failed", stopReason: "error" }, ["failed"]],
  ["a good one", { status: "succeeded" }, ["succeeded"]],
  [
    "one with rejects",
    { status: "succeeded", rows: { rejected: 1, swallowed: 0, conflicted: 0 } },
    ["succeeded", "rejects"],
  ],
  [
    "a verify with differences",
    { kind: "verify", status: "succeeded", rows: { rejected: 0, swallowed: 0, conflicted: 2 } },
    ["succeeded", "rejects"],
  ],
  ["a cancelled one", { status: "cancelled" }, []],
] as const)("of %s is told what an operator wants to know", (_, change, events) => {
  expect(eventsOf({ ...report, ...change } as RunReport)).toEqual(events);
});

test("a message for Slack holds no link, mention or markup of its own", () => {
  const notice = {
    id: "msg_1",
    event: "failed" as const,
    at: "",
    target: "<eu>",
    database: "shop",
    job: "j",
    run: 1,
    text: "<!channel> & <https://evil.example|here>",
    remedy: "tidefill resume j",
    report: null,
  };
  expect(JSON.parse(noticeBody(notice, "slack")).text).toBe(
    "❌ &lt;!channel&gt; &amp; &lt;https://evil.example|here&gt; (&lt;eu&gt;)\n→ tidefill resume j",
  );
});
