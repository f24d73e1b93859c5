import {
  defineJob,
  defineSqlJob,
  insertInto,
  type Job,
  type RunReport,
  resumeRun,
  rowsOf,
  runJob,
  sql,
  table,
  update,
  verifyRun,
} from "tidefill";
import { beforeEach, expect, test } from "vitest";
import { ensureSchema } from "../../../src/engine/control/ensure-schema.ts";
import { requestStop } from "../../../src/engine/control/request-stop.ts";
import { withSession } from "../../../src/store/session.ts";
import { closedWindow } from "../../support/closed-window.ts";
import { useDatabase } from "../../support/database.ts";
import { emptyStore } from "../../support/empty-store.ts";

const database = useDatabase();
const counters = table("counters", { key: "id", columns: { id: "bigint", n: "integer" } });
const copies = table("copies", { key: "id", columns: { id: "bigint", n: "integer" } });
const rows = 20_000;

beforeEach(async () => {
  await database.query(emptyStore);
  await database.query("drop table if exists counters, copies");
  await database.query("create table counters (id bigint primary key, n integer not null default 0)");
  await database.query("create table copies (id bigint primary key, n integer)");
  await database.query("insert into counters (id) select g from generate_series(1, $1::integer) g", [rows]);
  await database.query("analyze counters");
});

const increment = defineJob({
  name: "increment",
  source: rowsOf(counters, { read: ["n"] }),
  transform: (row) => ({ n: row.n + 1 }),
  sink: update(counters, ["n"]),
});
const fill = defineSqlJob({
  name: "fill",
  source: rowsOf(counters, { pending: sql`n <> 7` }),
  sink: update(counters, { n: sql`7` }),
});
const copy = defineJob({
  name: "copy",
  source: rowsOf(counters, { read: ["n"] }),
  transform: (row) => ({ id: row.id, n: row.n + 1 }),
  sink: insertInto(copies, ["id", "n"]),
});

const options = () => ({ connectionString: database.url });

async function touched(): Promise<number> {
  const [row] = await database.query("select count(*)::integer as n from counters where n <> 0");
  return Number(row?.n);
}

/** How many rows of its stage a run has found different. */
function differing({ stageProblems }: RunReport): number {
  return Number(/^(\d+) rows are not as the job makes them/m.exec(stageProblems.join("\n"))?.[1]);
}

/** Ranges are shorter on a slow machine, and the share of each is rounded. */
function expectOneOfAHundred(count: number): void {
  expect(Math.abs(count - rows / 100)).toBeLessThan(rows / 1_000);
}

test("a canary does its share of an SQL job, verifies it, and stops; resume does the rest", async () => {
  const first = await runJob(fill, { ...options(), canary: "1%" });
  expect(first).toMatchObject({ status: "paused", stopReason: "canary", stage: 0, stages: [0.01, 1] });
  expect(first.stageProblems).toEqual([]);
  expect(first.message).toMatch(/Stage 1 of 2 \(1 % of the rows\) is done and verified/);
  expectOneOfAHundred(await touched());
  expect(await resumeRun(fill, "fill", options())).toMatchObject({
    status: "succeeded",
    rows: { written: rows },
  });
  expect(await touched()).toBe(rows);
});

test("a canary is spread over the whole key space", async () => {
  await runJob(fill, { ...options(), canary: "5000 rows" });
  const [row] = await database.query(
    "select count(distinct id / 2000)::integer as places, count(*)::integer as n from counters where n = 7",
  );
  expect(row?.places).toBeGreaterThanOrEqual(9);
  expect(row?.n).toBe(5_000);
});

test("a canary of a job that is not idempotent reports its rows as different, and resume does the rest", async () => {
  const first = await runJob(increment, { ...options(), canary: "1%" });
  expectOneOfAHundred(differing(first));
  expect(await resumeRun(increment, "increment", options())).toMatchObject({ status: "succeeded" });
  expect(await database.query("select min(n), max(n) from counters")).toEqual([{ min: 1, max: 1 }]);
});

test("stages without problems go on by themselves", async () => {
  const report = await runJob(copy, { ...options(), stages: "1%,10%,100%", soak: "10ms" });
  expect(report).toMatchObject({ status: "succeeded", stage: 2, rows: { written: rows } });
  const verifies = await database.query(
    "select kind, is_partial, status from tidefill.run where kind = 'verify' order by id",
  );
  expect(verifies).toEqual(Array(2).fill({ kind: "verify", is_partial: true, status: "succeeded" }));
  expect(await database.query("select count(*)::integer as n from copies where n = 1")).toEqual([
    { n: rows },
  ]);
});

test("stages stop at rejects", async () => {
  const picky: Job = defineJob({
    name: "picky",
    source: rowsOf(counters, { read: ["n"] }),
    transform: (row) => {
      if (row.id % 50n === 0n) throw new Error("no");
      return { n: 3 };
    },
    sink: update(counters, ["n"]),
    rejectLimit: 10_000,
  });
  const report = await runJob(picky, { ...options(), stages: "10%,100%", soak: "10ms" });
  expect(report).toMatchObject({ status: "paused", stopReason: "canary", stage: 0 });
  expect(report.stageProblems.join()).toMatch(/rows were rejected/);
  expect(await touched()).toBeLessThanOrEqual(rows / 10);
});

test("stages stop at differences that a trigger causes", async () => {
  await database.query(`create or replace function spoil() returns trigger language plpgsql as
    $$ begin if new.id % 100 = 1 then new.n := 8; end if; return new; end $$`);
  await database.query(
    "create trigger spoil before update on counters for each row execute function spoil()",
  );
  const job = defineSqlJob({ name: "fill", source: rowsOf(counters), sink: update(counters, { n: sql`7` }) });
  const report = await runJob(job, { ...options(), stages: "10%,100%", soak: "10ms" });
  expect(report.status).toBe("paused");
  expect(report.stageProblems.join()).toMatch(/rows are not as the job makes them/);
});

test("stages stop when commits have become slow", async () => {
  // Once in each transaction, at its commit, like a slow disk.
  await database.query(`create or replace function linger() returns trigger language plpgsql as $$ begin
    if current_setting('test.lingered', true) is distinct from 'yes' and exists (select from slow) then
      perform pg_sleep(0.05), set_config('test.lingered', 'yes', true);
    end if; return null; end $$`);
  await database.query("drop table if exists slow; create table slow ()");
  await database.query(
    "create constraint trigger linger after update on counters initially deferred for each row execute function linger()",
  );
  const report = await runJob(fill, {
    ...options(),
    stages: "20%,50%,100%",
    soak: "10ms",
    inTest: { batchRows: 250 },
    onEvent: (event) => {
      if (event.type === "stage done") void database.query("insert into slow default values");
    },
  });
  expect(report).toMatchObject({ status: "paused", stopReason: "canary", stage: 1 });
  expect(report.stageProblems).toEqual([
    expect.stringMatching(/^commits take \d+ ms, \d+ ms in the stage before$/),
  ]);
  expect(await touched()).toBeLessThan(rows);
});

test("stages stop at a broken integrity query", async () => {
  const job = defineSqlJob({
    name: "fill",
    source: rowsOf(counters, { pending: sql`n <> 7` }),
    sink: update(counters, { n: sql`7` }),
    integrity: [{ name: "no sevens", query: sql`select 1 from counters where n = 7` }],
  });
  const report = await runJob(job, { ...options(), stages: "10%,100%", soak: "10ms" });
  expect(report.stageProblems.join()).toMatch(/"no sevens" is broken by 100 rows or more/);
});

/** A rollout in its soak, in a process that ends before the stage is judged. */
async function dieInSoak(job: Job): Promise<void> {
  const stop = new AbortController();
  const report = await runJob(job, {
    ...options(),
    stages: "1%,100%",
    soak: "1h",
    signal: stop.signal,
    onEvent: ({ type }) => type === "stage done" && stop.abort(),
  });
  expect(report).toMatchObject({ status: "paused", stopReason: "canary", stage: 0, stageProblems: [] });
  expect(report.message).toMatch(
    /^Stage 1 of 2 \(1 % of the rows\) is done; it is verified at \d\d:\d\d:\d\d UTC, and the rest/,
  );
}

test("the process that resumes judges a stage whose process died before", async () => {
  await dieInSoak(fill);
  await database.query("update counters set n = 5 where n = 7");
  await database.query("update tidefill.run set rollout = rollout || '{\"soakMs\": 10}'");
  const resumed = await resumeRun(fill, "fill", options());
  expect(resumed).toMatchObject({ status: "paused", stage: 0 });
  expect(differing(resumed)).toBe(await touched());
  expectOneOfAHundred(await touched());
  // The operator has seen the problem; a second resume goes on.
  expect(await resumeRun(fill, "fill", options())).toMatchObject({ status: "succeeded", stage: 1 });
});

test.each(["paused", "cancelled"] as const)("a stage in its soak notices that it is %s", async (wanted) => {
  const report = await runJob(fill, {
    ...options(),
    stages: "1%,100%",
    soak: "1h",
    onEvent: ({ type }) => {
      if (type === "stage done")
        void withSession("test", { connectionString: database.url }, 5, (session) =>
          requestStop(session, "fill", wanted),
        );
    },
  });
  expect(report).toMatchObject({ status: wanted, stopReason: wanted });
  expect(
    await database.query("select count(*)::integer as n from tidefill.run where kind = 'verify'"),
  ).toEqual([{ n: 0 }]);
});

test.each(["its window has closed", "its time is over"])(
  "a stage in its soak when %s is left unjudged, and is judged after a resume",
  async (why) => {
    const isTime = why === "its time is over";
    const stopped = await runJob(fill, {
      ...options(),
      stages: "1%,100%",
      soak: "1h",
      ...(isTime ? { until: new Date(Date.now() + 4_000) } : { exitWhenClosed: true }),
      onEvent: ({ type }) => {
        if (type === "stage done" && !isTime)
          void database.query("update tidefill.run set pace = jsonb_build_object('window', $1::text)", [
            closedWindow(),
          ]);
      },
    });
    expect(stopped).toMatchObject({ status: "paused", stopReason: "canary", stage: 0, stageProblems: [] });
    await database.query("update tidefill.run set rollout = rollout || '{\"soakMs\": 10}'");
    expect(await resumeRun(fill, "fill", { ...options(), window: "00:00-24:00 UTC" })).toMatchObject({
      status: "succeeded",
      stage: 1,
    });
  },
);

test("a stage whose verify was stopped is left unjudged, too", async () => {
  await withSession("test", options(), 5, async (session) => ensureSchema(session));
  await database.query(`create or replace function shut() returns trigger language plpgsql as
    $$ begin new.pace := jsonb_build_object('window', '${closedWindow()}'); return new; end $$`);
  await database.query(
    "create trigger shut before insert on tidefill.run for each row when (new.kind = 'verify') execute function shut()",
  );
  const stopped = await runJob(fill, { ...options(), stages: "1%,100%", soak: "10ms", exitWhenClosed: true });
  expect(stopped).toMatchObject({ status: "paused", stopReason: "canary", stage: 0, stageProblems: [] });
  await database.query("drop trigger shut on tidefill.run");
  expect(await resumeRun(fill, "fill", options())).toMatchObject({ status: "succeeded", stage: 1 });
});

test("a stage is verified at the pace of its run", async () => {
  const pace = { workers: 2, window: "00:00-24:00 UTC" };
  await runJob(fill, { ...options(), ...pace, canary: "1%" });
  expect(await database.query("select kind, pace from tidefill.run order by id")).toEqual([
    { kind: "run", pace },
    { kind: "verify", pace },
  ]);
});

test("a verify of an unfinished run covers only what is done", async () => {
  await runJob(fill, { ...options(), canary: "1%" });
  await database.query("update counters set n = 5 where id in (select id from counters where n = 7 limit 3)");
  const report = await verifyRun(fill, options());
  expect(report).toMatchObject({ status: "succeeded", rows: { read: rows / 100, conflicted: 3 } });
});

test("an empty table is done at once, also in stages", async () => {
  await database.query("truncate counters");
  expect(await runJob(fill, { ...options(), canary: "1%" })).toMatchObject({ status: "succeeded" });
});
