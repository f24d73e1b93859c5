import { defineJob, defineSqlJob, rowsOf, runJob, sql, table, undoRun, update } from "tidefill";
import { beforeEach, expect, test } from "vitest";
import { useDatabase } from "../../support/database.ts";
import { emptyStore } from "../../support/empty-store.ts";
import { until } from "../../support/until.ts";

const database = useDatabase();
const essays = table("essays", {
  key: "id",
  columns: { id: "integer", words: "text", many: "integer?", note: "text?" },
});

beforeEach(async () => {
  await database.query(`
    ${emptyStore};
    drop table if exists essays cascade;
    create table essays (id integer primary key, words text not null, many integer, note text);
    insert into essays select g, repeat('word ', g) from generate_series(1, 20) g`);
});

/** Counts words; while it works on row 5 for the first time, another session commits a statement. */
function countWhile(statement: string, { pending = true }: { readonly pending?: boolean } = {}) {
  const calls = { all: 0, ofRow5: 0 };
  const job = defineJob({
    name: "count",
    source: rowsOf(essays, { read: ["words"], ...(pending ? { pending: sql`many is null` } : {}) }),
    transform: async ({ id, words }) => {
      calls.all += 1;
      if (id === 5) calls.ofRow5 += 1;
      if (id === 5 && calls.ofRow5 === 1) await database.query(statement);
      return { many: words.trim().split(" ").length };
    },
    sink: update(essays, ["many"]),
  });
  return { job, calls };
}

const options = () => ({ connectionString: database.url, workers: 1, signal: AbortSignal.timeout(60_000) });
const rows = (list: string) =>
  database.query(`select id, many, note from essays where id in (${list}) order by id`);

test("a row that the application updates during the transform is read and done again", async () => {
  const { job, calls } = countWhile("update essays set words = 'one two' where id in (4, 5, 6)");
  const report = await runJob(job, options());
  expect(report).toMatchObject({ status: "succeeded", rows: { read: 20, written: 20, unchanged: 0 } });
  expect(await rows("4, 5, 6, 7")).toEqual([
    { id: 4, many: 2, note: null },
    { id: 5, many: 2, note: null },
    { id: 6, many: 2, note: null },
    { id: 7, many: 7, note: null },
  ]);
  expect(calls).toEqual({ all: 23, ofRow5: 2 });
});

test("no lock is held during the transform: the update of another session does not wait", async () => {
  const { job } = countWhile("set lock_timeout = 20; update essays set note = 'kept'; reset lock_timeout");
  const report = await runJob(job, options());
  expect(report).toMatchObject({ status: "succeeded", rows: { read: 20, written: 20 } });
  expect(await database.query("select count(*)::integer as kept from essays where note = 'kept'")).toEqual([
    { kept: 20 },
  ]);
});

test.each([
  ["is deleted", "delete from essays where id = 6", null],
  ["leaves the scope", "update essays set many = 77 where id = 6", 77],
])("a row that %s during the transform is neither written nor counted", async (_, statement, many) => {
  const { job } = countWhile(statement);
  const report = await runJob(job, options());
  expect(report).toMatchObject({
    status: "succeeded",
    rows: { read: 19, written: 19, unchanged: 0, rejected: 0 },
  });
  expect(await rows("6")).toEqual(many === null ? [] : [{ id: 6, many, note: null }]);
});

test("a row whose key changes during the transform is done where it is met", async () => {
  const { job } = countWhile("update essays set id = 600 where id = 6");
  const report = await runJob(job, options());
  expect(report).toMatchObject({ status: "succeeded", rows: { read: 20, written: 20 } });
  expect(await rows("6, 600")).toEqual([{ id: 600, many: 6, note: null }]);
});

test("a deleted row whose key another row takes is not mistaken for it", async () => {
  const { job } = countWhile("delete from essays where id = 6; insert into essays values (6, 'a b c')");
  const report = await runJob(job, options());
  expect(report).toMatchObject({ status: "succeeded", rows: { read: 20, written: 20 } });
  expect(await rows("6")).toEqual([{ id: 6, many: 3, note: null }]);
});

test("an undo restores what the application committed during the transform", async () => {
  const { job } = countWhile("update essays set many = -1, words = 'one' where id = 6", { pending: false });
  const report = await runJob(job, options());
  expect(report).toMatchObject({ rows: { read: 20, written: 20 } });
  await undoRun(String(report.run), options());
  expect(await rows("5, 6")).toEqual([
    { id: 5, many: null, note: null },
    { id: 6, many: -1, note: null },
  ]);
});

test("a job without `pending` counts a changed row once, written or unchanged", async () => {
  const { job } = countWhile(
    "update essays set many = 6 where id = 6; update essays set words = 'x' where id = 7",
    {
      pending: false,
    },
  );
  const report = await runJob(job, options());
  expect(report).toMatchObject({ rows: { read: 20, written: 19, unchanged: 1 } });
  expect(await rows("6, 7")).toEqual([
    { id: 6, many: 6, note: null },
    { id: 7, many: 1, note: null },
  ]);
});

test("a row that changes is met in a partitioned table, too, even where it moves to another partition", async () => {
  await database.query(`
    drop table essays;
    create table essays (id integer, part integer not null default 1, words text not null, many integer, note text,
      primary key (id, part)) partition by list (part);
    create table essays_1 partition of essays for values in (1);
    create table essays_2 partition of essays for values in (2);
    insert into essays (id, words) select g, repeat('word ', g) from generate_series(1, 20) g`);
  const parted = table("essays", {
    key: ["id", "part"],
    columns: { id: "integer", part: "integer", words: "text", many: "integer?" },
  });
  let isFirst = true;
  const job = defineJob({
    name: "parted",
    source: rowsOf(parted, { read: ["words"], pending: sql`many is null` }),
    transform: async ({ id, words }) => {
      if (id === 5 && isFirst) {
        isFirst = false;
        await database.query(
          "update essays set part = 2 where id = 6; update essays set words = 'x' where id = 7",
        );
      }
      return { many: words.trim().split(" ").length };
    },
    sink: update(parted, ["many"]),
  });
  expect(await runJob(job, options())).toMatchObject({ status: "succeeded", rows: { written: 20 } });
  expect(await database.query("select id, part, many from essays where id in (6, 7) order by id")).toEqual([
    { id: 6, part: 2, many: 6 },
    { id: 7, part: 1, many: 1 },
  ]);
});

test.each([
  [
    "its new words are counted",
    "update essays set words = 'one two' where id = 6",
    [{ id: 6, many: 2, note: null }],
  ],
  [
    "one that is done is left alone",
    "update essays set many = 77 where id = 6",
    [{ id: 6, many: 77, note: null }],
  ],
  ["one that is gone is left alone", "delete from essays where id = 6", []],
])("an SQL job that waits for a row works on what was committed: %s", async (_, statement, after) => {
  const job = defineSqlJob({
    name: "count-in-sql",
    source: rowsOf(essays, { pending: sql`many is null` }),
    sink: update(essays, { many: sql`cardinality(string_to_array(btrim(words), ' '))` }),
    pace: { batchTime: "4s" },
  });
  const other = await database.pool.connect();
  try {
    await other.query("begin");
    await other.query(statement);
    const run = runJob(job, options());
    const waits = () =>
      database.query("select 1 from pg_locks where not granted and locktype in ('transactionid', 'tuple')");
    await until(async () => (await waits()).length > 0, { describe: "the batch waits for the row" });
    await other.query("commit");
    expect(await run).toMatchObject({ status: "succeeded" });
  } finally {
    other.release();
  }
  expect(await rows("6")).toEqual(after);
  expect(await database.query("select count(*)::integer as left from essays where many is null")).toEqual([
    { left: 0 },
  ]);
  await undoRun("1", options());
  expect(await rows("5")).toEqual([{ id: 5, many: null, note: null }]);
});
