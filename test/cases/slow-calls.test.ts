import { setTimeout as delay } from "node:timers/promises";
import { defineJob, defineSqlJob, retryRejects, rowsOf, runJob, sql, table, update } from "tidefill";
import { beforeEach, expect, test } from "vitest";
import { useDatabase } from "../support/database.ts";
import { emptyStore } from "../support/empty-store.ts";

const database = useDatabase();
const essays = table("essays", { key: "id", columns: { id: "bigint", grade: "integer?" } });

beforeEach(async () => {
  await database.query(emptyStore);
  await database.query("drop table if exists essays, grades");
  await database.query("create table essays (id bigint primary key, grade integer)");
  await database.query("create table grades (essay_id bigint primary key, grade integer)");
  await database.query("insert into essays select g from generate_series(1, 200) g");
});

/** Counts the calls in progress. */
class Busy {
  now = 0;
  most = 0;

  async call(): Promise<void> {
    this.now += 1;
    this.most = Math.max(this.most, this.now);
    await delay(5);
    this.now -= 1;
  }
}

function gradeBy(busy: Busy, calls?: { readonly atOnce?: number }) {
  return defineJob({
    name: "grade-essays",
    ...(calls === undefined ? {} : { calls }),
    source: rowsOf(essays, { read: [], pending: sql`grade is null` }),
    transform: async () => {
      await busy.call();
      return { grade: 1 };
    },
    sink: update(essays, ["grade"]),
  });
}

test("a call that takes too long is rejected, with what to do instead (B8)", async () => {
  const job = defineJob({
    name: "grade-essays",
    source: rowsOf(essays, { read: [], pending: sql`grade is null` }),
    transform: async ({ id }) => {
      if (id === 7n) await new Promise(() => {});
      return { grade: 1 };
    },
    sink: update(essays, ["grade"]),
  });
  const report = await runJob(job, { connectionString: database.url });
  expect(report).toMatchObject({ status: "succeeded", rows: { written: 199, rejected: 1 } });
  expect(await database.query("select reason from tidefill.reject")).toEqual([
    {
      reason:
        "the transform took longer than 4 s, the longest that its batch may stay open: with calls: {} in the job it is asked outside of any transaction",
    },
  ]);
});

test("a job copies answers that a program has collected in a table, exactly once (B8)", async () => {
  await database.query("insert into grades select g, g % 6 from generate_series(1, 150) g");
  const job = defineSqlJob({
    name: "copy-grades",
    source: rowsOf(essays, {
      pending: sql`grade is null and exists (select from grades where essay_id = essays.id)`,
    }),
    sink: update(essays, { grade: sql`(select grades.grade from grades where essay_id = essays.id)` }),
  });
  const report = await runJob(job, { connectionString: database.url });
  expect(report).toMatchObject({ status: "succeeded", rows: { written: 150, rejected: 0 } });
  expect(
    await database.query(
      "select count(*) from essays left join grades on essay_id = id where essays.grade is distinct from grades.grade",
    ),
  ).toEqual([{ count: "0" }]);
});

test("an answer 429 is a reject, and a later retry does its row (B9)", async () => {
  let isBusy = true;
  const job = defineJob({
    name: "grade-essays",
    source: rowsOf(essays, { read: [], pending: sql`grade is null` }),
    transform: async ({ id }) => {
      if (isBusy && id % 10n === 0n) throw new Error("the model answered 429");
      return { grade: 1 };
    },
    sink: update(essays, ["grade"]),
  });
  const first = await runJob(job, { connectionString: database.url });
  expect(first).toMatchObject({ status: "succeeded", rows: { written: 180, rejected: 20 } });
  expect(await database.query("select distinct reason from tidefill.reject")).toEqual([
    { reason: "the transform threw: the model answered 429" },
  ]);
  isBusy = false;
  const again = await retryRejects(job, String(first.run), { connectionString: database.url });
  expect(again).toMatchObject({ status: "succeeded", rows: { written: 20, rejected: 0 } });
  expect(await database.query("select count(*) from essays where grade is null")).toEqual([{ count: "0" }]);
});

test("a job sets how many calls a process makes at once, independent of its workers (B9)", async () => {
  await database.query("insert into essays select g from generate_series(201, 1500) g");
  const busy = new Busy();
  const report = await runJob(gradeBy(busy, { atOnce: 3 }), { connectionString: database.url, workers: 4 });
  expect(report.rows.written).toBe(1_500);
  expect(busy.most).toBe(3);
});

test("without `calls`, each worker transforms sixteen rows at once (B9)", async () => {
  const alone = new Busy();
  await runJob(gradeBy(alone), { connectionString: database.url, workers: 1 });
  expect(alone.most).toBe(16);
});

test.each([0, 1.5, 1_001, Number.NaN])("%s is refused as a number of concurrent calls (B9)", (atOnce) => {
  expect(() => gradeBy(new Busy(), { atOnce })).toThrow(
    "`calls.atOnce` of job grade-essays must be a whole number from 1 to 1,000",
  );
});
