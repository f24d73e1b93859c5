import {
  defineJob,
  defineSqlJob,
  type Job,
  type RunReport,
  rowsOf,
  runJob,
  sql,
  table,
  update,
} from "tidefill";
import { beforeEach, expect, test } from "vitest";
import { useDatabase } from "../../support/database.ts";
import { emptyStore } from "../../support/empty-store.ts";

const database = useDatabase();
const counted = table("counted", { key: "id", columns: { id: "bigint", n: "integer", done: "boolean" } });
const source = rowsOf(counted, { read: ["n"], pending: sql`not done` });

beforeEach(async () => {
  await database.query(`
    ${emptyStore};
    drop table if exists counted;
    create table counted (id bigint primary key, n integer not null default 0, done boolean not null default false);
    insert into counted (id) select g * 10 from generate_series(1, 50) g`);
});

async function run(job: Job): Promise<RunReport> {
  return runJob(job, { connectionString: database.url, workers: 2, signal: AbortSignal.timeout(100_000) });
}

/** Counts each row, and calls `late` for each row that it sees. */
function counting(late: (id: bigint) => Promise<unknown>): Job {
  return defineJob({
    name: "count",
    source,
    transform: async (row) => {
      await late(row.id);
      return { n: row.n + 1, done: true };
    },
    sink: update(counted, ["n", "done"]),
  });
}

async function counts(): Promise<unknown> {
  return (
    await database.query("select min(n), max(n), count(*)::integer, bool_and(done) as done from counted")
  )[0];
}

test("a sweep finds a row inserted behind the run, and no row is done twice", {
  tags: ["promise"],
}, async () => {
  const report = await run(
    counting(async (id) => {
      if (id === 500n) await database.query("insert into counted (id) values (5), (-5), (9999)");
    }),
  );
  expect(report).toMatchObject({
    status: "succeeded",
    message: null,
    rows: { read: 53, written: 53, unchanged: 0 },
  });
  expect(report.sweeps).toBeGreaterThanOrEqual(1);
  expect(await counts()).toEqual({ min: 1, max: 1, count: 53, done: true });
});

test("a run ends although rows keep coming, and says so", async () => {
  let next = 0n;
  const report = await run(
    counting(async (id) => {
      if (id !== 500n && id >= 0n) return;
      next -= 1n;
      await database.query("insert into counted (id) values ($1)", [String(next)]);
    }),
  );
  expect(report).toMatchObject({
    status: "succeeded",
    message: expect.stringMatching(/New rows kept coming/),
  });
  expect(await database.query("select count(*)::integer from counted where not done")).toEqual([
    { count: 1 },
  ]);
});

test("a rejected row stays pending, and is counted once however often a sweep meets it", async () => {
  await database.query("alter table counted add check (id <> 70 or not done)");
  const report = await run(
    counting(async (id) => {
      if (id === 500n) await database.query("insert into counted (id) values (5) on conflict do nothing");
    }),
  );
  expect(report).toMatchObject({ status: "succeeded", rows: { read: 51, written: 50, rejected: 1 } });
  expect(report.sweeps).toBeGreaterThanOrEqual(1);
  expect(await database.query("select key, sqlstate from tidefill.reject")).toEqual([
    { key: ["70"], sqlstate: "23514" },
  ]);
});

test("an SQL job with nothing pending reads nothing and succeeds", async () => {
  await database.query("update counted set done = true");
  const job = defineSqlJob({
    name: "none",
    source,
    sink: update(counted, { n: sql`n + 1`, done: sql`true` }),
  });
  expect(await run(job)).toMatchObject({
    status: "succeeded",
    progress: 1,
    sweeps: 0,
    rows: { read: 0, written: 0 },
  });
});

test("a row that another session has done meanwhile is not done again", async () => {
  const report = await run(
    counting(async (id) => {
      // Not one of the rows that this batch holds.
      if (id === 10n) await database.query("insert into counted (id, n, done) values (501, 1, true)");
    }),
  );
  expect(report).toMatchObject({ status: "succeeded", rows: { read: 50, written: 50 } });
  expect(await counts()).toEqual({ min: 1, max: 1, count: 51, done: true });
});
