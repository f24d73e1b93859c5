import {
  defineJob,
  insertInto,
  type Job,
  move,
  type RunReport,
  rows,
  rowsOf,
  runJob,
  sql,
  table,
  undoRun,
  verifyRun,
} from "tidefill";
import { beforeEach, expect, test } from "vitest";
import { useDatabase } from "../../support/database.ts";
import { emptyStore } from "../../support/empty-store.ts";

const database = useDatabase();
const essays = table("essays", {
  key: ["school", "id"],
  columns: {
    school: "text",
    id: "integer",
    words: "text",
    price: "numeric?",
    tags: "jsonb?",
    small: "smallint?",
  },
});
const copies = table("copies", {
  key: ["school", "id"],
  columns: {
    school: "text",
    id: "integer",
    words: "text",
    price: "numeric?",
    tags: "jsonb?",
    small: "integer?",
    many: "integer?",
    part: "integer?",
  },
});

beforeEach(async () => {
  await database.query(`
    ${emptyStore};
    drop table if exists essays, copies cascade;
    create table essays (school text, id integer, words text not null, price numeric, tags jsonb, small smallint,
      primary key (school, id));
    create table copies (school text, id integer, words text, price numeric(8, 2), tags jsonb, small integer,
      many integer, part integer, primary key (school, id));
    insert into essays select 's' || g % 3, g, repeat('word ', g), g * 1.10, '{"big": 12345678901234567890.10}', g
    from generate_series(1, 50) g`);
});

const options = () => ({ connectionString: database.url, signal: AbortSignal.timeout(60_000) });
const run = (job: Job): Promise<RunReport> => runJob(job, options());
const kept = ["school", "id", "words", "price", "tags", "small"] as const;

const copy = defineJob({
  name: "copy",
  source: rowsOf(essays, { read: ["words"] }),
  transform: ({ words }) => ({ many: words.trim().split(" ").length }),
  sink: insertInto(copies, ["many"], { keep: kept }),
});

const differing = `
  select count(*)::integer as rows from essays
  full join copies using (school, id)
  where essays.words is distinct from copies.words or essays.price is distinct from copies.price
    or essays.tags is distinct from copies.tags or essays.small is distinct from copies.small
    or copies.many is distinct from id`;

test("kept columns are copied as they are, and the transform's beside them", async () => {
  expect(await run(copy)).toMatchObject({ status: "succeeded", rows: { read: 50, written: 50 } });
  expect(await database.query(differing)).toEqual([{ rows: 0 }]);
  expect(await database.query("select tags::text from copies where id = 7")).toEqual([
    { tags: '{"big": 12345678901234567890.10}' },
  ]);
});

test("a verify compares kept columns, and an undo removes the rows", async () => {
  await run(copy);
  expect(await verifyRun(copy, options())).toMatchObject({ rows: { read: 50, conflicted: 0 } });
  await database.query("update copies set price = 0 where id = 7; update copies set many = 0 where id = 8");
  expect(await verifyRun(copy, options())).toMatchObject({ rows: { conflicted: 2 } });
  await undoRun("1", options());
  expect(await database.query("select count(*)::integer as rows from copies")).toEqual([{ rows: 2 }]);
});

test("a kept row is of the moment that the transform has seen", async () => {
  let isFirst = true;
  const job = defineJob({
    name: "copy",
    source: rowsOf(essays, { read: ["words"] }),
    transform: async ({ words, id }) => {
      if (id === 9 && isFirst) {
        isFirst = false;
        void database.query("update essays set words = 'changed', price = 0 where id = 9");
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      return { many: words.trim().split(" ").length };
    },
    sink: insertInto(copies, ["many"], { keep: kept }),
  });
  await run(job);
  const [row] = await database.query("select words, many, price::float from copies where id = 9");
  expect([
    { words: "word ".repeat(9), many: 9, price: 9.9 },
    { words: "changed", many: 1, price: 0 },
  ]).toContainEqual(row);
});

test("several rows of one source row each have its kept columns", async () => {
  await database.query(
    "alter table copies drop constraint copies_pkey; alter table copies add primary key (school, id, part)",
  );
  const job = defineJob({
    name: "split",
    source: rowsOf(essays, { read: ["words"], where: sql`id <= 4` }),
    transform: ({ id }) => Array.from({ length: id }, (_, part) => ({ part })),
    sink: insertInto(copies, ["part"], { keep: ["school", "id", "words"] }),
  });
  expect(await run(job)).toMatchObject({ rows: { read: 4 } });
  expect(
    await database.query("select id, count(*)::integer as rows from copies group by id order by id"),
  ).toEqual([1, 2, 3, 4].map((id) => ({ id, rows: id })));
});

test.each(["nothing", "update", "reject"] as const)("rows that meet others: do %s", async (what) => {
  await database.query("insert into copies (school, id, many) values ('s1', 7, -1)");
  const target = ["school", "id"] as const;
  const job = defineJob({
    name: "copy",
    source: rowsOf(essays, { read: ["words"] }),
    transform: ({ words }) => ({ many: words.trim().split(" ").length }),
    sink: insertInto(copies, ["many"], {
      keep: kept,
      onConflict: what === "update" ? { target, do: what, columns: ["many", "price"] } : { target, do: what },
    }),
  });
  const report = await run(job);
  expect(report.rows).toMatchObject({ read: 50, rejected: what === "reject" ? 1 : 0 });
  expect(await database.query("select many, price::float, words from copies where id = 7")).toEqual([
    what === "update" ? { many: 7, price: 7.7, words: null } : { many: -1, price: null, words: null },
  ]);
});

test("a move keeps columns of the rows that it deletes, and an undo brings them back", async () => {
  const job = defineJob({
    name: "archive",
    source: rowsOf(essays, { read: ["words"], where: sql`id > 10` }),
    transform: ({ words }) => ({ many: words.trim().split(" ").length }),
    sink: move(essays, insertInto(copies, ["many"], { keep: kept })),
  });
  const before = await database.query("select * from essays order by id");
  expect(await run(job)).toMatchObject({ status: "succeeded", rows: { written: 40 } });
  expect(
    await database.query(
      "select count(*)::integer as rows from copies where many = id and price = id * 1.10 and small = id",
    ),
  ).toEqual([{ rows: 40 }]);
  expect(await database.query("select count(*)::integer as rows from essays")).toEqual([{ rows: 10 }]);
  await undoRun("1", options());
  expect(await database.query("select * from essays order by id")).toEqual(before);
  expect(await database.query("select count(*)::integer as rows from copies")).toEqual([{ rows: 0 }]);
});

test("all columns may be kept", async () => {
  const job = defineJob({
    name: "copy-all",
    source: rowsOf(essays, { read: [] }),
    transform: () => ({}),
    sink: insertInto(copies, [], { keep: kept }),
  });
  expect(await run(job)).toMatchObject({ rows: { written: 50 } });
  expect(
    await database.query("select count(*)::integer as rows from copies where words is not null"),
  ).toEqual([{ rows: 50 }]);
});

test("a column that the source does not have, or of a type that does not fit, is refused", async () => {
  const jobOf = (keep: readonly ("part" | "small" | "school" | "id" | "words")[]) =>
    defineJob({
      name: "unfit",
      source: rowsOf(essays, { read: ["words"] }),
      transform: () => ({ many: 1 }),
      sink: insertInto(copies, ["many"], { keep }),
    });
  await expect(run(jobOf(["school", "id", "part"]))).rejects.toMatchObject({
    check: "kept-columns-fit",
    message: "public.essays has no column part that could be kept.",
  });
  await database.query("alter table essays alter small type text");
  const narrow = table("essays", {
    key: ["school", "id"],
    columns: { school: "text", id: "integer", words: "text" },
  });
  const job = defineJob({
    name: "unfit",
    source: rowsOf(narrow, { read: ["words"] }),
    transform: () => ({ many: 1 }),
    sink: insertInto(copies, ["many"], { keep: ["school", "id", "small"] }),
  });
  await expect(run(job)).rejects.toMatchObject({
    check: "kept-columns-fit",
    message: "small cannot be kept: it is text in public.essays and integer in public.copies.",
  });
});

test("a move does not keep a generated column, which would come out empty; a copy does", async () => {
  await database.query(
    "alter table essays drop small, add small smallint generated always as (id * 2) stored",
  );
  const source = rowsOf(essays, { read: ["words"] });
  const transform = () => ({ many: 1 });
  const into = insertInto(copies, ["many"], { keep: kept });
  const moving = defineJob({ name: "moving", source, transform, sink: move(essays, into) });
  await expect(run(moving)).rejects.toMatchObject({
    check: "kept-columns-fit",
    message: "small cannot be kept by a move: it is a generated column of public.essays.",
  });
  expect(await run(defineJob({ name: "copying", source, transform, sink: into }))).toMatchObject({
    rows: { written: 50 },
  });
  expect(await database.query("select count(*)::integer as rows from copies where small = id * 2")).toEqual([
    { rows: 50 },
  ]);
});

test("a column cannot be returned and kept, and rows of a file have nothing to keep", async () => {
  expect(() => insertInto(copies, ["many", "id"], { keep: ["id"] })).toThrow("names id both as a column");
  const job = defineJob({
    name: "from-rows",
    source: rows([{ school: "s1", id: 1 }], { columns: { school: "text", id: "integer" } }),
    transform: () => ({ many: 1 }),
    sink: insertInto(copies, ["many"], { keep: ["school", "id"] }),
  });
  await expect(run(job)).rejects.toThrow("Job from-rows keeps columns, but its source is not a table");
});
