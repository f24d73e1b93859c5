import {
  addCheck,
  addColumn,
  addForeignKey,
  createIndex,
  createTable,
  defineSteps,
  type Job,
  runJob,
  type Step,
  sql,
} from "tidefill";
import { beforeEach, expect, test } from "vitest";
import type { StepEvent } from "../../../src/steps/step-events.ts";
import { useDatabase } from "../../support/database.ts";

const database = useDatabase();

const job = (...expand: readonly Step[]): Job => defineSteps({ name: "steps", expand });

beforeEach(async () => {
  await database.query("drop schema if exists tidefill, things cascade; create schema things");
  await database.query("create table things.t (id bigint primary key, n integer, old text)");
  await database.query("create table things.p (id bigint primary key, other bigint unique)");
});

/** The step, in a database that already has the object `there` in its place. */
async function found(step: Step, there: string): Promise<readonly StepEvent[]> {
  await database.query(there);
  const events: StepEvent[] = [];
  await runJob(job(step), { connectionString: database.url, onStep: (event) => events.push(event) });
  return events;
}

const index = (more: object) => createIndex("t_n", { on: "things.t", by: sql`n`, ...more });
const codes = [
  "add-required-column",
  "add-stored-generated-column",
  "add-auto-incrementing-column",
  "add-foreign-key-without-not-valid",
];
const known = Object.fromEntries(codes.map((code) => [code, "the table is empty"]));
const column = (type: string, more = {}) => addColumn("things.t", "m", type, { known, ...more });
const checked = addCheck("things.t", "above", sql`n > 0`);
const foreign = addForeignKey("things.t", "t_p", { columns: ["id"], references: sql`things.p (id)` });
const made = createTable(
  "things.u",
  sql`/* a table */ create table things.u (id bigserial constraint named primary key, note text not null, p bigint references things.p (id)); comment on table things.u is 'a;b'`,
);

test.each<readonly [string, Step, string, RegExp]>([
  ["a plain index", index({ unique: true }), "create index t_n on things.t (n)", /CREATE INDEX/],
  ["an index by another column", index({}), "create index t_n on things.t (old)", /\(old\)/],
  ["an index in another order", index({}), "create index t_n on things.t (n desc)", /DESC/],
  ["an index of some rows", index({}), "create index t_n on things.t (n) where n > 5", /WHERE/],
  ["an index of all rows", index({ where: sql`n > 5` }), "create index t_n on things.t (n)", /n > 5/],
  ["an index of another kind", index({ using: "hash" }), "create index t_n on things.t (n)", /btree/],
  ["another check", checked, "alter table things.t add constraint above check (n > -100)", /-100/],
  ["a unique constraint", checked, "alter table things.t add constraint above unique (n)", /UNIQUE/],
  [
    "a foreign key that deletes",
    foreign,
    "alter table things.t add constraint t_p foreign key (id) references things.p (id) on delete cascade",
    /CASCADE/,
  ],
  [
    "a foreign key to another column",
    foreign,
    "alter table things.t add constraint t_p foreign key (id) references things.p (other)",
    /other/,
  ],
  ["a shorter type", column("varchar(20)"), "alter table things.t add m varchar(5)", /varying\(5\)/],
  ["another collation", column('text collate "C"'), "alter table things.t add m text", /collate/],
  [
    "no default",
    column("integer", { default: sql`1 + 1` }),
    "alter table things.t add m integer",
    /default \(1 \+ 1\)/,
  ],
  ["null", column("integer", { notNull: true }), "alter table things.t add m integer", /not null/],
  [
    "an ordinary column",
    column("integer generated always as (n + 1) stored"),
    "alter table things.t add m integer",
    /generated/,
  ],
  ["other columns", made, "create table things.u (id bigserial primary key, note text not null)", /no p/],
  [
    "a column of another type",
    made,
    "create table things.u (id bigserial primary key, note text not null, p integer)",
    /p integer/,
  ],
])("a step that finds %s in its place is refused, and both are shown", async (_, step, there, shown) => {
  const state = () =>
    database.query(
      "select oid, relname from pg_class where relnamespace = 'things'::regnamespace order by 1",
    );
  await expect(found(step, there)).rejects.toMatchObject({
    check: "step-finds-its-place",
    message: expect.stringMatching(shown),
    remedy: expect.stringMatching(/rename that/),
  });
  const before = await state();
  await expect(runJob(job(step), { connectionString: database.url })).rejects.toThrow(/wanted:/);
  expect(await state()).toEqual(before);
  expect(await database.query("select from tidefill.step")).toEqual([]);
});

test.each<readonly [string, Step, string]>([
  ["an index", index({ where: sql`n in (1, 2)` }), "create index t_n on things.t (n) where n in (1, 2)"],
  [
    "an index by an expression",
    createIndex("t_n", { on: "things.t", by: sql`lower(old), (n + 1) desc nulls last`, unique: true }),
    "create unique index t_n on things.t (lower(old), (n + 1) desc nulls last)",
  ],
  ["a check", checked, "alter table things.t add constraint above check (((n) > (0)))"],
  [
    "a foreign key",
    foreign,
    "alter table things.t add constraint t_p foreign key (id) references things.p not valid",
  ],
  ["a column", column("varchar(20)"), "alter table things.t add m character varying(20)"],
  ["a serial column", column("bigserial"), "alter table things.t add m bigserial"],
  ["a stricter column", column("integer"), "alter table things.t add m integer not null default 7"],
  [
    "a column that is a foreign key",
    column("bigint constraint m_p references things.p (id)"),
    "alter table things.t add m bigint references things.p (id)",
  ],
  [
    "a table with more columns",
    made,
    "create table things.u (more text, id bigserial primary key, note text not null, p bigint)",
  ],
  [
    "a table made by a query",
    createTable("things.u", sql`create table things.u as select 1 as n`),
    "create table things.u (n integer)",
  ],
])("%s that is the same is recognised, however it is written", async (_, step, there) => {
  const events = await found(step, there);
  expect(events.at(-1)).toMatchObject({ type: "step done", step: step.name });
});

test("a step whose definition was changed after it was begun is refused where the old object stands", async () => {
  const old = "create unique index t_n on things.t (n)";
  await database.query("insert into things.t values (1, 1, 'a'), (2, 1, 'b')");
  const first = runJob(job(index({ unique: true })), { connectionString: database.url });
  await expect(first).rejects.toThrow(/t_n/);
  await database.query(`delete from things.t; drop index things.t_n; ${old}`);
  const second = runJob(job(index({ unique: false })), { connectionString: database.url });
  await expect(second).rejects.toMatchObject({ check: "step-finds-its-place" });
});
