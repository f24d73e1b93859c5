import { describe, expect, test } from "vitest";
import addConfidenceScore from "../../../jobs/add-confidence-score.ts";
import createEssayVersions from "../../../jobs/create-essay-versions.ts";
import tokenizeEssays from "../../../jobs/tokenize-essays.ts";
import {
  addCheck,
  addColumn,
  addForeignKey,
  createIndex,
  createTable,
  defineSqlJob,
  defineSteps,
  dropColumn,
  type Job,
  rowsOf,
  type Step,
  setNotNull,
  sql,
  sqlStep,
  table,
  update,
} from "../../../src/index.ts";
import { findUnsafeSql, refusalsOfSteps } from "../../../src/plan/find-unsafe-sql.ts";

function job(...expand: readonly Step[]): Job {
  return defineSteps({ name: "add-things", expand });
}

async function found(...steps: readonly Step[]): Promise<readonly string[]> {
  return (await findUnsafeSql(job(...steps), {})).map(({ place, code }) => `${place}: ${code}`);
}

function alone(name: string, up: string, more: object = {}): Step {
  return sqlStep({ name, up: { text: up, values: [] }, down: null, transactional: false, ...more });
}

describe("the SQL in one of tidefill's own steps is checked:", () => {
  test("the table that a foreign key refers to", async () => {
    const key = (references: string) =>
      addForeignKey("app.t", "t_u", { columns: ["a"], references: { text: references, values: [] } });
    expect(await found(key("u (id)"))).toEqual(["add foreign key t_u to app.t: unqualified-table"]);
    expect(await found(key("app.u (id)"))).toEqual([]);
  });

  test("the condition of a check, and the expression of an index", async () => {
    const long = "x".repeat(64);
    expect(await found(addCheck("app.t", "c", { text: `${long} > 0`, values: [] }))).toEqual([
      "add check c to app.t: identifier-too-long",
    ]);
    expect(await found(createIndex("i", { on: "app.t", by: { text: long, values: [] } }))).toEqual([
      "create index i on app.t: identifier-too-long",
    ]);
  });

  test("but not the step's own table, which may be unqualified", async () => {
    expect(
      await found(
        addColumn("t", "a", "int"),
        addCheck("t", "c", sql`a > 0`),
        createIndex("i", { on: "t", by: sql`a` }),
      ),
    ).toEqual([]);
  });
});

describe("a step of the author's own", () => {
  test("may drop in its undo what it has created", async () => {
    const up = sql`create function app.f() returns int language sql return 1`;
    expect(await found(sqlStep({ name: "f", up, down: sql`drop function app.f()` }))).toEqual([]);
    expect(await found(sqlStep({ name: "g", up, down: sql`drop function app.g()` }))).toEqual([
      "g: drop-other",
    ]);
  });

  test("has its `done` query checked", async () => {
    expect(await found(alone("v", "vacuum app.t", { done: sql`select exists (select from t)` }))).toEqual([
      "v: unqualified-table",
    ]);
  });
});

test("what earlier steps have created and established is known", async () => {
  const notNull = sql`alter table app.t validate constraint c; alter table app.t alter a set not null`;
  const set = sqlStep({ name: "set", up: notNull, down: null });
  const add = sqlStep({
    name: "add",
    up: sql`alter table app.t add constraint c check (a is not null) not valid`,
    down: null,
  });
  expect(await found(set)).toEqual(["set: set-not-null-without-check"]);
  expect(await found(add, set)).toEqual([]);
  const fill = sqlStep({ name: "fill", up: sql`create index on "App".t (a)`, down: null });
  expect(await found(createTable('"App".t', sql`create table "App".t (a int)`), fill)).toEqual([]);
});

test("the integrity queries of a job are checked", async () => {
  const t = table("app.t", { key: "id", columns: { id: "bigint", a: "integer?" } });
  const given = defineSqlJob({
    name: "fill-a",
    source: rowsOf(t),
    sink: update(t, { a: sql`1` }),
    integrity: [{ name: "none is left", query: sql`select id from t where a is null` }],
  });
  expect((await findUnsafeSql(given, {})).map(({ place, code }) => `${place}: ${code}`)).toEqual([
    "integrity: none is left: unqualified-table",
  ]);
});

test.each([
  ["a step whose SQL is tidefill's own", job(setNotNull("app.t", "a", { known: { "set-not-null": "…" } }))],
  [
    "a step that drops",
    defineSteps({
      name: "add-things",
      contract: [dropColumn("app.t", "a", { known: { "drop-colum": "…" } })],
    }),
  ],
])("an unknown code is refused in %s", async (_, given) => {
  await expect(refusalsOfSteps(given)).rejects.toMatchObject({
    code: "usage",
    message: expect.stringMatching(/which the step ".*" of add-things names in/),
    remedy: expect.stringMatching(/^Did you mean "drop-(not-null|column)"\?$/),
  });
});

test.each([addConfidenceScore, createEssayVersions, tokenizeEssays])(
  "no step of the example $name would be refused for its SQL",
  async (example) => {
    expect(await refusalsOfSteps(example)).toEqual([]);
  },
);
