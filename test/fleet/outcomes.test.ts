import { defineJob, rowsOf, runJob, sql, sqlStep, update } from "tidefill";
import { beforeEach, expect, test } from "vitest";
import { requestStop } from "../../src/engine/control/request-stop.ts";
import type { RunReport } from "../../src/engine/report/run-report.ts";
import { RefusedError, TidefillError } from "../../src/errors.ts";
import { retryDead } from "../../src/fleet/operate/dead-items.ts";
import { readItems } from "../../src/fleet/queue/read-queue.ts";
import { outcomeOfError, outcomeOfReport } from "../../src/fleet/work/outcome.ts";
import { withEngine } from "../database/run/small-batches.ts";
import { codeOfFiles, counters, labelJob, useFleet } from "./test-fleet.ts";

const fleet = useFleet(["one", "two"]);
beforeEach(() => fleet().fill(300));

/** Waits at each row until it is told to go on. */
function slowJob(name = "slow") {
  return defineJob({
    name,
    source: rowsOf(counters, { read: ["n"], pending: sql`label is null` }),
    transform: async ({ n }) => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      return { label: `n${n}` };
    },
    sink: update(counters, ["label"]),
    pace: { batchTime: "20ms" },
  });
}

test("a run that succeeds takes its item out of the queue, and a second delivery does nothing", {
  tags: ["promise"],
}, async () => {
  const request = "00000000-0000-4000-8000-000000000001";
  await fleet().send("label", ["one"], { request });
  expect(await fleet().work({ jobs: [labelJob()] })).toMatchObject([
    { kind: "done", words: "run 1 succeeded, 300 rows written" },
  ]);
  expect(await fleet().items()).toEqual([]);
  expect(await fleet().labelled("one")).toBe(300);
  // As a worker would leave it that died between the end of the run and its note in the queue.
  await fleet().send("label", ["one"], { request, again: true });
  expect(await fleet().work({ jobs: [labelJob()] })).toMatchObject([
    { kind: "done", words: "run 1 has succeeded" },
  ]);
  expect(await fleet().target("one").query("select count(*)::integer as runs from tidefill.run")).toEqual([
    { runs: 1 },
  ]);
});

test("a closed window sends the item to its next opening, and that is no attempt", async () => {
  const hour = (new Date().getUTCHours() + 3) % 24;
  const window = `${String(hour).padStart(2, "0")}:00-${String(hour).padStart(2, "0")}:30 UTC`;
  await fleet().send("label", ["one"]);
  expect(await fleet().work({ jobs: [labelJob("label", { pace: { window } })] })).toMatchObject([
    { kind: "later" },
  ]);
  const [item] = await fleet().control.query(
    "select retry_count, extract(hour from start_after at time zone 'UTC')::integer as hour from tidefill_queue.job where state = 'created'",
  );
  expect(item).toEqual({ retry_count: 0, hour });
});

test("a worker that is told to stop gives its item back at once, and the next one goes on", async () => {
  const stop = new AbortController();
  await fleet().send("slow", ["one"]);
  const working = fleet().work({ jobs: [slowJob()], signal: stop.signal, once: false });
  await expect.poll(() => fleet().labelled("one"), { timeout: 60_000 }).toBeGreaterThan(0);
  stop.abort();
  expect(await working).toMatchObject([{ kind: "later" }]);
  expect(await fleet().items()).toEqual([{ queue: "run", state: "created", target: "one" }]);
  expect(await fleet().work({ jobs: [slowJob()] })).toMatchObject([{ kind: "done" }]);
  expect(await fleet().labelled("one")).toBe(300);
});

test("a run that an operator pauses or cancels is not started again", async () => {
  for (const wanted of ["paused", "cancelled"] as const) {
    await fleet().fill(300);
    await fleet().send("slow", ["one"]);
    const working = fleet().work({ jobs: [slowJob()] });
    await expect.poll(() => fleet().labelled("one"), { timeout: 60_000 }).toBeGreaterThan(0);
    await withEngine(fleet().target("one").url, (session) => requestStop(session, "slow", wanted));
    expect(await working).toMatchObject([{ kind: "done", words: expect.stringContaining(wanted) }]);
    expect(await fleet().items()).toEqual([]);
  }
});

test("a run that fails is a dead letter, with its report", async () => {
  await fleet().target("one").query("update counters set n = -1 where id <= 150");
  await fleet().send("label", ["one", "two"]);
  const ended = await fleet().work({ jobs: [labelJob()] });
  expect(ended).toMatchObject([{ kind: "dead" }, { kind: "done" }]);
  const [dead] = await fleet().control.query(
    "select data -> 'failure' as failure from tidefill_queue.job where name = 'dead'",
  );
  expect(dead?.failure).toMatchObject({ code: 1, run: 1, words: expect.stringContaining("reject") });
  expect(await fleet().items()).toEqual([{ queue: "dead", state: "created", target: "one" }]);
});

test("a run with rejects is a dead letter, too, since an operator has to look at them", async () => {
  await fleet().target("one").query("update counters set n = -1 where id = 7");
  await fleet().send("label", ["one"]);
  expect(await fleet().work({ jobs: [labelJob()] })).toMatchObject([
    { kind: "dead", words: expect.stringContaining("1 rejected") },
  ]);
});

test("a job that is refused is a dead letter that says what to do", async () => {
  await fleet().send("label", ["one"]);
  const refused = labelJob("label", { after: ["never-run"] });
  const [ended] = await fleet().work({ jobs: [refused] });
  expect(ended).toMatchObject({ kind: "dead", words: expect.stringContaining("tidefill up --to label") });
});

test("a worker without the job, or with other files than the sender's or the run's, leaves the item to another", async () => {
  await fleet().send("label", ["one"], { code: codeOfFiles(labelJob(), { "label.ts": "new" }) });
  expect(await fleet().work({ jobs: [] })).toMatchObject([
    { kind: "refused", words: "this worker has no job label" },
  ]);
  const makeDue = () =>
    fleet().control.query("update tidefill_queue.job set start_after = now() where state = 'created'");
  await makeDue();
  expect(await fleet().work({ jobs: [labelJob()], files: { "label.ts": "old" } })).toMatchObject([
    { kind: "refused" },
  ]);
  const [waiting] = await fleet().control.query(
    "select retry_count, start_after > now() + interval '10 s' as is_later, data -> 'refused' ->> 'why' as why from tidefill_queue.job where state = 'created'",
  );
  expect(waiting).toEqual({ retry_count: 0, is_later: true, why: expect.stringContaining("other files") });
  await makeDue();
  expect(await fleet().work({ jobs: [labelJob()], files: { "label.ts": "new" } })).toMatchObject([
    { kind: "done" },
  ]);
});

test("an operator who retries lets the files of the workers count, since the job may have been mended", async () => {
  await fleet().target("one").query("update counters set n = -1 where id <= 150");
  await fleet().send("label", ["one"], { code: codeOfFiles(labelJob(), { "label.ts": "wrong" }) });
  expect(await fleet().work({ jobs: [labelJob()], files: { "label.ts": "wrong" } })).toMatchObject([
    { kind: "dead" },
  ]);
  await fleet()
    .target("one")
    .query("update counters set n = id; update tidefill.run set status = 'cancelled', finished_at = now()");
  const [before] = await readItems(fleet().queue.db);
  await retryDead(fleet().queue, before!.id);
  expect(await fleet().work({ jobs: [labelJob()], files: { "label.ts": "mended" } })).toMatchObject([
    { kind: "done" },
  ]);
});

test("an item keeps its id until it leaves the queue", async () => {
  await fleet().send("label", ["one"]);
  const [sent] = await readItems(fleet().queue.db);
  await fleet().work({ jobs: [] });
  expect(await readItems(fleet().queue.db)).toMatchObject([{ id: sent!.id, state: "waiting" }]);
  await fleet().control.query("update tidefill_queue.job set start_after = now() where state = 'created'");
  await fleet().target("one").query("update counters set n = -1");
  await fleet().work({ jobs: [labelJob()] });
  expect(await readItems(fleet().queue.db)).toMatchObject([{ id: sent!.id, state: "dead" }]);
});

test("of several machines that begin a job with steps one does them, and the rest join its run", async () => {
  await fleet().fill(3_000);
  const slowStep = sqlStep({ name: "take a while", up: sql`select pg_sleep(2)`, down: sql`select 1` });
  const withSteps = labelJob("label", { expand: [slowStep] });
  await fleet().send("label", ["one"], { machines: 2 });
  const ended = (await Promise.all([1, 2].map(() => fleet().work({ jobs: [withSteps] })))).flat();
  const late = await fleet().work({ jobs: [withSteps] });
  const kinds = [...ended, ...late].map(({ kind }) => kind);
  expect(kinds).not.toContain("dead");
  expect(await fleet().labelled("one")).toBe(3_000);
});

test("an item that no worker takes for an hour is a dead letter", async () => {
  await fleet().send("label", ["one"]);
  await fleet().control.query(
    `update tidefill_queue.job set data = data || jsonb_build_object('refused', jsonb_build_object('since', now() - interval '61 minutes', 'why', 'x')) where state = 'created'`,
  );
  await fleet().work({ jobs: [] });
  expect(await fleet().items()).toEqual([{ queue: "dead", state: "created", target: "one" }]);
});

test("a run that an operator has begun with other parameters is not taken for the item's", async () => {
  const job = labelJob("label", { parameters: { word: "text" } });
  const stop = new AbortController();
  stop.abort();
  await runJob(job, {
    connectionString: fleet().target("one").url,
    parameters: { word: "a" },
    signal: stop.signal,
  });
  await fleet().send("label", ["one"], { parameters: { word: "b" } });
  expect(await fleet().work({ jobs: [job] })).toMatchObject([
    { kind: "dead", words: expect.stringContaining("other parameters") },
  ]);
  await fleet().send("label", ["one"], { parameters: { word: "a" } });
  expect(await fleet().work({ jobs: [job] })).toMatchObject([{ kind: "done" }]);
});

const report = {
  run: 1,
  status: "interrupted",
  rows: { written: 0, rejected: 0, swallowed: 0 },
  broken: [],
  pace: {},
  contract: null,
  kind: "run",
  message: null,
  notCompared: [],
  stageProblems: [],
};

test.each([
  ["no-progress", "interrupted", "failed"],
  ["vanished", "interrupted", "failed"],
  ["signal", "interrupted", "later"],
  ["window", "interrupted", "later"],
  ["until", "interrupted", "failed"],
  ["canary", "paused", "done"],
  ["reject-limit", "failed", "dead"],
  ["error", "failed", "dead"],
])("a run that ends with %s is %s, and its item is %s", (stopReason, status, kind) => {
  expect(outcomeOfReport({ ...report, stopReason, status } as unknown as RunReport, undefined).kind).toBe(
    kind,
  );
});

test("an error after which the same command can be typed again is an attempt; others are dead letters", () => {
  expect(outcomeOfError(new TidefillError("unreachable", "away")).kind).toBe("failed");
  const closed = Object.assign(new Error('database "x" is not currently accepting connections'), {
    code: "55000",
  });
  expect(outcomeOfError(new TidefillError("database", "closed", { cause: closed })).kind).toBe("failed");
  expect(outcomeOfError(new TidefillError("password", "wrong"))).toMatchObject({ kind: "dead", code: 1 });
  expect(outcomeOfError(new RefusedError("nothing-changed-since", "changed", "")).kind).toBe("refused");
  expect(outcomeOfError(new RefusedError("not-done-already", "done", ""))).toMatchObject({
    kind: "dead",
    code: 3,
  });
});
