import { defineJob, rowsOf, runJob, sql, table, update } from "tidefill";
import { beforeEach, expect, test } from "vitest";
import { useDatabase } from "../../support/database.ts";
import { emptyStore } from "../../support/empty-store.ts";

const database = useDatabase();
const counters = table("counters", { key: "id", columns: { id: "bigint", n: "integer" } });

beforeEach(async () => {
  await database.query(emptyStore);
  await database.query("drop table if exists counters");
  await database.query("create table counters (id bigint primary key, n integer not null default 0)");
  await database.query("insert into counters select g from generate_series(1, 300) g");
});

test("a row whose transform never answers is rejected, and the other rows are done", async () => {
  const job = defineJob({
    name: "hang",
    source: rowsOf(counters),
    transform: async (row) => {
      if (row.id === 50n) await new Promise(() => {});
      return { n: row.n + 1 };
    },
    sink: update(counters, ["n"]),
  });
  const report = await runJob(job, { connectionString: database.url, workers: 2 });
  expect(report).toMatchObject({ status: "succeeded", rows: { written: 299, rejected: 1 } });
  expect(await database.query("select key::text, reason from tidefill.reject")).toEqual([
    {
      key: "{50}",
      reason: expect.stringMatching(
        /^the transform took longer than 4 s, .* asked outside of any transaction$/,
      ),
    },
  ]);
});

test("between slow synchronous transforms the process does everything else", async () => {
  let turns = 0;
  let tick = setImmediate(function next() {
    turns += 1;
    tick = setImmediate(next);
  });
  const turnsSeen: number[] = [];
  const job = defineJob({
    name: "slow",
    source: rowsOf(counters, { read: ["n"], where: sql`id <= 60` }),
    transform: (row) => {
      turnsSeen.push(turns);
      const end = performance.now() + 10;
      while (performance.now() < end);
      return { n: row.n + 1 };
    },
    sink: update(counters, ["n"]),
  });
  try {
    await runJob(job, { connectionString: database.url, workers: 1 });
  } finally {
    clearImmediate(tick);
  }
  expect(turnsSeen.length).toBeGreaterThanOrEqual(60);
  expect(new Set(turnsSeen).size).toBe(turnsSeen.length);
});

test("a slow synchronous transform gets smaller batches, so that locks are not held for long", async () => {
  const held: number[] = [];
  const job = defineJob({
    name: "slow",
    source: rowsOf(counters, { read: ["n"] }),
    transform: (row) => {
      const end = performance.now() + 10;
      while (performance.now() < end);
      return { n: row.n + 1 };
    },
    sink: update(counters, ["n"]),
    pace: { batchTime: "50ms" },
  });
  const report = await runJob(job, {
    connectionString: database.url,
    workers: 1,
    onEvent: (event) => {
      if (event.type === "batch committed") held.push(event.counts.read);
    },
  });
  expect(report).toMatchObject({ status: "succeeded", rows: { written: 300 } });
  expect(Math.max(...held)).toBeLessThanOrEqual(25);
  expect(await database.query("select min(n), max(n) from counters")).toEqual([{ min: 1, max: 1 }]);
});

test("transforms that wait concurrently are not reduced to one at a time", async () => {
  const sizes: number[] = [];
  const job = defineJob({
    name: "wait",
    source: rowsOf(counters, { read: ["n"] }),
    transform: async (row) => {
      await new Promise((resolve) => setTimeout(resolve, 120));
      return { n: row.n + 1 };
    },
    sink: update(counters, ["n"]),
    pace: { batchTime: "50ms" },
  });
  await runJob(job, {
    connectionString: database.url,
    workers: 1,
    onEvent: (event) => {
      if (event.type === "batch committed" && event.counts.read > 0) sizes.push(event.counts.read);
    },
  });
  expect(Math.min(...sizes.slice(0, -1))).toBeGreaterThanOrEqual(16);
});
