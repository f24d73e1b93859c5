import { defineJob, type Job, type RunReport, rowsOf, runJob, table, update } from "tidefill";
import { beforeEach, expect, test } from "vitest";
import { useDatabase } from "../../support/database.ts";
import { emptyStore } from "../../support/empty-store.ts";

const database = useDatabase();

beforeEach(async () => {
  await database.query(`
    ${emptyStore};
    drop schema if exists shop cascade;
    create schema shop;
    create domain shop.code as varchar(3);
    create table shop.items (
      id bigint primary key,
      big bigint not null default 7,
      label text default 'as it was',
      short varchar(3),
      code shop.code,
      amount numeric,
      small smallint,
      tags text[],
      sequence integer[],
      data jsonb,
      document jsonb not null default '{}',
      raw json,
      at timestamptz
    );
    insert into shop.items (id) select generate_series(1, 20)`);
});

const items = table("shop.items", {
  key: "id",
  columns: {
    id: "bigint",
    big: "bigint",
    label: "text?",
    short: "varchar?",
    code: "text?",
    amount: "numeric?",
    small: "smallint?",
    tags: "text[]?",
    sequence: "integer[]?",
    data: "jsonb?",
    document: "jsonb",
    raw: "json?",
    at: "timestamptz?",
  },
});

type Column = Exclude<keyof typeof items.columns, "id">;

/** Returns `value` for row 5, and leaves the other rows unchanged. */
function answering(column: Column, value: unknown): Job {
  return defineJob({
    name: "answer",
    source: rowsOf(items),
    transform: (row) => (row.id === 5n ? { [column]: value } : { [column]: row[column] }) as never,
    sink: update(items, [column]),
  });
}

// A run that loops for ever is stopped, so that the test fails at once.
async function run(job: Job, patienceMs = 20_000): Promise<RunReport> {
  return runJob(job, {
    connectionString: database.url,
    again: true,
    workers: 1,
    signal: AbortSignal.timeout(patienceMs),
  });
}

async function rejects(): Promise<unknown> {
  return database.query("select key, sqlstate, reason from tidefill.reject order by key");
}

const refusals: readonly (readonly [
  what: string,
  column: Column,
  value: unknown,
  sqlstate: string | null,
  reason: RegExp,
])[] = [
  ["a lone surrogate", "label", "a\ud800", null, /label \(text\?\): a lone surrogate/],
  ["a NUL character", "label", "a\0b", null, /NUL character/],
  ["a lone surrogate inside an array", "tags", ["a", "\udc00"], null, /lone surrogate/],
  ["a number for a bigint", "big", 5, null, /big \(bigint\): the transform gave a number/],
  ["a bigint for a smallint", "small", 5n, null, /gave a bigint/],
  ["undefined", "label", undefined, null, /gave no value/],
  [
    "null where the description says not null",
    "big",
    null,
    null,
    /null, and the column is declared not null/,
  ],
  ["a Date for a timestamp", "at", new Date(0), null, /gave a Date/],
  ["a text for an array", "tags", "a,b", null, /not an array/],
  ["undefined inside an array", "tags", ["a", undefined], null, /gave no value/],
  ["a number inside an array of texts", "tags", [1], null, /gave a number/],
  [
    "an array with rows of unequal length",
    "tags",
    [["a"], ["b", "c"]],
    "22P02",
    /^invalid text for its type/,
  ],
  ["a function for a JSON value", "data", () => 1, null, /a function, at \$/],
  ["NUL in a JSON value", "data", { a: "\0" }, "22P05", /^SQLSTATE 22P05/],
  ["a lone surrogate in a JSON value", "data", ["\ud800"], "22P02", /^invalid text for its type/],
  ["a text too long for its column", "short", "abcd", "22001", /^value too long/],
  ["a number out of range", "small", 32_768, "22003", /^number out of range/],
  ["a fraction for an integer", "small", 1.5, "22P02", /^invalid text for its type/],
  ["a text that is no number", "amount", "1,5", "22P02", /^invalid text for its type, type numeric$/],
  ["a text that is no timestamp", "at", "yesterday-ish", "22007", /^invalid date or time/],
];

test.each(refusals)(
  "%s is a reject, and the other rows are done",
  async (_, column, value, sqlstate, reason) => {
    const before = await database.query("select * from shop.items order by id");
    const report = await run(answering(column, value));
    expect(report).toMatchObject({
      status: "succeeded",
      rows: { read: 20, rejected: 1, unchanged: 19, written: 0 },
    });
    expect(await rejects()).toEqual([{ key: ["5"], sqlstate, reason: expect.stringMatching(reason) }]);
    expect(await database.query("select * from shop.items order by id")).toEqual(before);
  },
);

test("no reason of a reject contains a value that PostgreSQL refused", { tags: ["promise"] }, async () => {
  await database.query(
    "alter table shop.items add constraint tidy check (label not like 'secret%'), add unique (amount)",
  );
  await database.query("update shop.items set amount = id");
  await run(answering("label", "secret@school.example"));
  await run(answering("amount", "7"));
  const kept = JSON.stringify(await rejects());
  expect(kept).toContain("constraint tidy");
  expect(kept).not.toMatch(/secret|\(7\)/);
});

test("a bigint inside a JSON value is a reject", async () => {
  expect(await run(answering("data", { id: 5n }))).toMatchObject({
    status: "succeeded",
    rows: { rejected: 1 },
  });
});

test("a number that JSON cannot carry is a reject", async () => {
  expect(await run(answering("data", { score: Number.NaN }))).toMatchObject({ rows: { rejected: 1 } });
});

test("a JSON null stays a JSON null", async () => {
  await database.query("update shop.items set data = 'null', document = 'null' where id = 3");
  const report = await run(
    defineJob({
      name: "json-nulls",
      source: rowsOf(items),
      transform: ({ data, document }) => ({ data, document }),
      sink: update(items, ["data", "document"]),
    }),
  );
  expect(report).toMatchObject({ rows: { unchanged: 20, rejected: 0 } });
  expect(await database.query("select data::text, document::text from shop.items where id = 3")).toEqual([
    { data: "null", document: "null" },
  ]);
});

test("a JSON number outside JavaScript's range is not written back as null", async () => {
  await database.query(`update shop.items set data = '{"n": 1e400}' where id = 3`);
  await run(answering("data", { fine: true }));
  expect(
    await database.query("select data::text <> '{\"n\": null}' as kept from shop.items where id = 3"),
  ).toEqual([{ kept: true }]);
});

test("a text too long for its domain is a reject, not a truncated value", async () => {
  expect(await run(answering("code", "abcd"))).toMatchObject({ rows: { rejected: 1, written: 0 } });
});

test("an array that is written back keeps its lower bounds", async () => {
  await database.query("update shop.items set sequence = '[0:2]={1,2,3}' where id = 3");
  await run(answering("sequence", []));
  expect(await database.query("select sequence::text from shop.items where id = 3")).toEqual([
    { sequence: "[0:2]={1,2,3}" },
  ]);
});

test("a row that PostgreSQL refuses is a reject even as the only row left in its range", async () => {
  await database.query("delete from shop.items where id <> 5");
  expect(await run(answering("short", "abcd"), 8_000)).toMatchObject({
    status: "succeeded",
    rows: { read: 1, rejected: 1 },
  });
});
