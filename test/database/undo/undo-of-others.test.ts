import {
  defineJob,
  insertInto,
  type Job,
  move,
  retryRejects,
  rowsOf,
  runJob,
  sql,
  table,
  undoRun,
  update,
} from "tidefill";
import { beforeEach, expect, test } from "vitest";
import { useDatabase } from "../../support/database.ts";
import { emptyStore } from "../../support/empty-store.ts";
import { skipBefore } from "../../support/skip-before.ts";

const database = useDatabase();
const things = table("things", { key: "id", columns: { id: "bigint", n: "integer" } });
const users = table("users", { key: "id", columns: { id: "bigint", n: "integer" } });
const copy = insertInto(users, ["id", "n"]);

beforeEach(async () => {
  await database.query(`${emptyStore}; drop table if exists orders, users, things cascade;
    create table things (id bigint primary key, n integer not null);
    create table users (id bigint primary key, n integer not null);
    create table orders (id bigint primary key, user_id bigint references users on delete cascade);
    create index on orders (user_id);
    insert into things select g, 0 from generate_series(1, 100) g`);
});

const options = () => ({ connectionString: database.url, workers: 2 });
const ids = async (name: string): Promise<unknown[]> =>
  (await database.query(`select id::integer from ${name} order by id`)).map(({ id }) => id);

const jobs: readonly Job[] = [
  defineJob({ name: "copies", source: rowsOf(things), transform: (row) => row, sink: copy }),
  defineJob({ name: "moves", source: rowsOf(things), transform: (row) => row, sink: move(things, copy) }),
];

test.each(jobs.map((job) => [job.name, job] as const))(
  "an undo of what %s removes no row that the application now refers to",
  async (_, job) => {
    const { run } = await runJob(job, options());
    await database.query("insert into orders select g, g from generate_series(1, 10) g");
    expect((await undoRun(String(run), options())).rows).toMatchObject({
      read: 100,
      written: 90,
      conflicted: 10,
    });
    expect(await ids("orders")).toHaveLength(10);
    expect(await ids("users")).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  },
);

test("an upsert that meets a row by a null key knows that the row was there", async (context) => {
  skipBefore(15, context);
  await database.query(`create table tags (id bigint generated always as identity primary key, a text, b integer, c integer,
    unique nulls not distinct (a, b)); insert into tags (a, b, c) values (null, 0, 5)`);
  const tags = table("tags", {
    key: "id",
    columns: { id: "bigint", a: "text?", b: "integer?", c: "integer?" },
  });
  const job = defineJob({
    name: "tag",
    source: rowsOf(things, { where: sql`id = 1` }),
    transform: () => ({ a: null, b: 0, c: 6 }),
    sink: insertInto(tags, ["a", "b", "c"], {
      onConflict: { target: ["a", "b"], do: "update", columns: ["c"] },
    }),
  });
  const { run, rows } = await runJob(job, options());
  expect(rows).toMatchObject({ written: 1, unchanged: 0, conflicted: 1 });
  expect((await undoRun(String(run), options())).rows).toMatchObject({ written: 1, conflicted: 0 });
  expect(await database.query("select id::integer, c from tags")).toEqual([{ id: 1, c: 5 }]);
  await database.query("drop table tags");
});

const plusOne = (refused: number): Job =>
  defineJob({
    name: "plus-one",
    source: rowsOf(things),
    transform: ({ id, n }) => {
      if (id <= BigInt(refused)) throw new Error("not now");
      return { n: n + 1 };
    },
    sink: update(things, ["n"]),
  });

test("a run that stands is not repeated because its undo was cancelled", async () => {
  const { run } = await runJob(plusOne(0), options());
  await undoRun(String(run), { ...options(), signal: AbortSignal.abort() });
  await database.query(
    "update tidefill.run set status = 'cancelled', finished_at = now() where kind = 'undo'",
  );
  await expect(runJob(plusOne(0), options())).rejects.toMatchObject({ check: "not-done-already" });
  expect(await undoRun(String(run), options())).toMatchObject({
    status: "succeeded",
    rows: { conflicted: 0 },
  });
  expect(await runJob(plusOne(0), options())).toMatchObject({ status: "succeeded" });
  expect(await database.query("select distinct n from things")).toEqual([{ n: 1 }]);
});

test("rejects are retried once each, and return to the list when the retry is cancelled", async () => {
  const first = await runJob(plusOne(10), options());
  expect(first.rows).toMatchObject({ written: 90, rejected: 10 });
  const again = await retryRejects(plusOne(0), String(first.run), {
    ...options(),
    signal: AbortSignal.abort(),
  });
  expect(again.status).toBe("interrupted");
  await database.query(
    "update tidefill.run set status = 'cancelled', wanted = 'cancelled', finished_at = now() where id = $1",
    [again.run],
  );
  const third = await retryRejects(plusOne(0), String(first.run), options()).catch((error: Error) => error);
  expect(third).toMatchObject({ status: "succeeded", rows: { read: 10, written: 10 } });
  expect(await database.query("select distinct n from things")).toEqual([{ n: 1 }]);
  await expect(retryRejects(plusOne(0), String(first.run), options())).rejects.toMatchObject({
    check: "rejects-can-be-retried",
  });
});

test("what an undo cannot put back is listed by its row's key, and can be retried", async () => {
  await database.query("alter table users add constraint positive check (n > 0) not valid");
  await database.query("insert into users select id, 5 from things");
  const job = defineJob({
    name: "raise",
    source: rowsOf(users),
    transform: ({ n }) => ({ n: n + 1 }),
    sink: update(users, ["n"]),
  });
  const { run } = await runJob(job, options());
  await database.query("alter table users add constraint high check (n > 5 or id <> 42) not valid");
  const refused = await undoRun(String(run), options());
  expect(refused.rows).toMatchObject({ read: 100, written: 99, rejected: 1 });
  expect(await database.query("select key from tidefill.reject where run_id = $1", [refused.run])).toEqual([
    { key: ["42"] },
  ]);
  await database.query("alter table users drop constraint high");
  expect((await undoRun(String(run), options())).rows).toMatchObject({
    written: 1,
    unchanged: 99,
    rejected: 0,
  });
  expect(await database.query("select distinct n from users")).toEqual([{ n: 5 }]);
});
