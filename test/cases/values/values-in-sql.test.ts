import { defineSqlJob, rowsOf, runJob, sql, table, UsageError, update } from "tidefill";
import { beforeEach, expect, test } from "vitest";
import { useDatabase } from "../../support/database.ts";
import { emptyStore } from "../../support/empty-store.ts";

const database = useDatabase();

beforeEach(async () => {
  await database.query(`
    ${emptyStore};
    drop table if exists t;
    create table t (id bigint primary key, n integer, s text);
    insert into t (id, s) select g, 'row ' || g from generate_series(1, 20) g`);
});

const t = table("t", { key: "id", columns: { id: "bigint", n: "integer?", s: "text?" } });

test.each([
  ["bigints", sql`id = any(${[1n, 2n]})`, 2],
  ["numbers", sql`id = any(${[1, 2, 3]})`, 3],
  ["texts", sql`s = any(${["row 1", "row 20", "NULL", '"', "\\"]})`, 2],
  ["null among others", sql`coalesce(array_position(${[1n, null]}::bigint[], null), 0) = 2`, 20],
  ["nothing", sql`id = any(${[]}::bigint[])`, 0],
  ["bytes", sql`convert_to(s, 'UTF8') = any(${[Buffer.from("row 7")]})`, 1],
])("an array of %s is accepted as a value of sql`…`", async (_, where, written) => {
  const job = defineSqlJob({ name: "some", source: rowsOf(t, { where }), sink: update(t, { n: sql`1` }) });
  expect(await runJob(job, { connectionString: database.url, again: true })).toMatchObject({
    status: "succeeded",
    rows: { written },
  });
});

test("a Date in sql`…` is refused, and the text for it is accepted", async () => {
  const at = new Date("2025-06-30T16:00:00Z");
  expect(() => sql`created_at < ${at}`).toThrow(UsageError);
  expect(() => sql`created_at < any(${[at]})`).toThrow(
    "A value in sql`…` is a Date, which has neither microseconds nor a time zone of its own.",
  );
  const where = sql`${at.toISOString()}::timestamptz = '2025-06-30 16:00:00+00'`;
  const job = defineSqlJob({ name: "some", source: rowsOf(t, { where }), sink: update(t, { n: sql`1` }) });
  expect(await runJob(job, { connectionString: database.url })).toMatchObject({ rows: { written: 20 } });
});

test.each([
  ["a Map", new Map()],
  ["a Set", new Set([1])],
  ["an Error", new Error("secret")],
  ["a function", () => 1],
  ["a symbol", Symbol("secret")],
  ["a Promise", Promise.resolve(1)],
  ["an object that is not JSON", { n: 5n }],
])("%s in sql`…` is refused by name", (what, value) => {
  expect(() => sql`a = ${value}`).toThrow(`A value in sql\`…\` is ${what}.`);
});
