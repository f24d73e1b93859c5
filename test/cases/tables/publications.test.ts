import {
  defineSqlJob,
  deleteFrom,
  insertInto,
  type Job,
  rowsOf,
  runJob,
  sql,
  table,
  undoRun,
  update,
} from "tidefill";
import { afterEach, beforeEach, expect, test } from "vitest";
import { eraseRow } from "../../../src/retention/erase-row.ts";
import { withSession } from "../../../src/store/session.ts";
import { refusalOf } from "../../database/plan/refusals.ts";
import { useDatabase } from "../../support/database.ts";
import { skipBefore } from "../../support/skip-before.ts";
import { planOf } from "../plan-of.ts";

const database = useDatabase();

const t = table("shop.t", { key: "id", columns: { id: "bigint", n: "integer?" } });
const target = table("shop.target", { columns: { id: "bigint", n: "integer?" } });
const fill = defineSqlJob({ name: "fill", source: rowsOf(t), sink: update(t, { n: sql`7` }) });
const drop = defineSqlJob({ name: "drop", source: rowsOf(t), sink: deleteFrom(t) });
const copy = defineSqlJob({
  name: "copy",
  source: rowsOf(t),
  sink: insertInto(target, { id: sql`id`, n: sql`n` }),
});
const upsert = defineSqlJob({
  name: "upsert",
  source: rowsOf(t),
  sink: insertInto(
    target,
    { id: sql`id`, n: sql`n` },
    { onConflict: { target: ["id"], do: "update", columns: ["n"] } },
  ),
});

beforeEach(async () => {
  await database.query(
    "drop schema if exists shop cascade; drop schema if exists tidefill cascade; create schema shop",
  );
});

afterEach(async () => {
  const publications = await database.query("select pubname from pg_publication");
  for (const { pubname } of publications) await database.query(`drop publication "${pubname}"`);
});

const rows = "insert into shop.t select g from generate_series(1, 10) g";
const plain = `create table shop.t (id bigint primary key, n integer); ${rows}`;
const parts = `
  create table shop.t (id bigint not null, n integer, unique (id)) partition by range (id);
  create table shop.t_1 partition of shop.t for values from (0) to (6);
  create table shop.t_2 partition of shop.t for values from (6) to (20); ${rows}`;

interface Refused {
  readonly what: string;
  /** the version of PostgreSQL that can do this */
  readonly since?: number;
  readonly create: string;
  readonly job: Job;
  readonly message: string;
}

const refused: readonly Refused[] = [
  {
    what: "partitions that a publication of all tables sends without an identity",
    create: `${parts}; create publication everything for all tables`,
    job: fill,
    message:
      "shop.t_1 is published by everything and has no replica identity: PostgreSQL would refuse every update.",
  },
  {
    what: "partitions of a published table without an identity",
    create: `${parts}; create publication news for table shop.t with (publish_via_partition_root)`,
    job: drop,
    message:
      "shop.t_1 is published by news and has no replica identity: PostgreSQL would refuse every delete.",
  },
  {
    what: "a table of a published schema without an identity",
    since: 15,
    create: `create table shop.t (id bigint not null unique, n integer); ${rows}; create publication whole for tables in schema shop`,
    job: fill,
    message:
      "shop.t is published by whole and has no replica identity: PostgreSQL would refuse every update.",
  },
  {
    what: "a row filter that the identity does not cover",
    since: 15,
    create: `${plain}; create publication few for table shop.t where (n > 5)`,
    job: fill,
    message:
      "shop.t is published by few with a row filter on n, which is not part of its replica identity: PostgreSQL would refuse every update.",
  },
  {
    what: "a list of columns that lacks the identity",
    since: 15,
    create: `${plain}; create publication part for table shop.t (n)`,
    job: fill,
    message:
      "shop.t is published by part with a column list that lacks id of its replica identity: PostgreSQL would refuse every update.",
  },
  {
    what: "a list of columns beside a full identity",
    since: 15,
    create: `${plain}; alter table shop.t replica identity full; create publication part for table shop.t (id, n)`,
    job: fill,
    message:
      "shop.t is published by part with a column list, but its replica identity is full: PostgreSQL would refuse every update.",
  },
  {
    what: "a target of an upsert without an identity",
    since: 18,
    create: `${plain}; create table shop.target (id bigint unique, n integer); create publication news for table shop.target`,
    job: upsert,
    message:
      "shop.target is published by news and has no replica identity: PostgreSQL would refuse every upsert that meets a row.",
  },
  {
    what: "a target without an identity, which an undo could not delete from",
    create: `${plain}; create table shop.target (id bigint, n integer); create publication news for table shop.target`,
    job: copy,
    message:
      "shop.target is published by news and has no replica identity: PostgreSQL would refuse its undo.",
  },
];

test.for(refused)(
  "$what: refused before the run, with a remedy that can be typed as it stands (E1)",
  async ({ since = 14, create, job, message }, context) => {
    skipBefore(since, context);
    await database.query(create);
    const refusal = await refusalOf(database.url, job);
    expect(refusal).toMatchObject({ check: "published-rows-have-an-identity", message });
    await database.query(refusal.remedy);
    expect(await runJob(job, { connectionString: database.url })).toMatchObject({
      status: "succeeded",
      rows: { written: 10 },
    });
    expect(await undoRun(job.name, { connectionString: database.url })).toMatchObject({
      rows: { written: 10, rejected: 0 },
    });
  },
);

test("the remedy keeps the filter of a publication that has a column list (E1)", async (context) => {
  skipBefore(15, context);
  await database.query(`${plain}; create publication part for table shop.t (n) where (id > 5)`);
  const { remedy } = await refusalOf(database.url, fill);
  await database.query(remedy);
  const [kept] = await database.query(
    "select rowfilter, attnames::text[] as columns from pg_publication_tables",
  );
  expect(kept).toEqual({ rowfilter: "(id > 5)", columns: ["id", "n"] });
});

test("a publication that sends no updates refuses no update (E1)", async () => {
  await database.query(
    `create table shop.t (id bigint not null unique, n integer); ${rows}; create publication news for table shop.t with (publish = 'insert')`,
  );
  expect((await planOf(database, fill)).refusals).toEqual([]);
});

test("erase takes a person out of an undo log even while all tables are published (E1)", async () => {
  await database.query(`${plain}; create publication everything for all tables`);
  await runJob(fill, { connectionString: database.url });
  await database.query("alter table tidefill.undo_1 replica identity default");
  await database.query("delete from shop.t where id = 1");
  await withSession("tidefill", { connectionString: database.url }, 2, async (session) => {
    const erased = await eraseRow(session, { table: "shop.t", key: ["1"] });
    expect(erased.images).toBe(1);
  });
});

test("each of tidefill's own tables can be changed while all tables are published (E1)", async () => {
  await database.query(`${plain}; create publication everything for all tables`);
  await runJob(fill, { connectionString: database.url });
  await undoRun("fill", { connectionString: database.url });
  const without = await database.query(`
    select c.relname from pg_class c
    where c.relnamespace = 'tidefill'::regnamespace and c.relkind = 'r'
      and (c.relreplident = 'n' or c.relreplident = 'd' and not exists (
        select from pg_index i where i.indrelid = c.oid and i.indisprimary))`);
  expect(without).toEqual([]);
});

test("the plan says what a subscriber needs when tidefill's own tables are published (E1)", async (context) => {
  skipBefore(15, context);
  await database.query(`${plain}; create publication everything for all tables; create schema tidefill;
    create publication theirs for tables in schema tidefill`);
  const { warnings } = await planOf(database, fill);
  expect(warnings).toMatchObject([
    {
      check: "own-tables-published",
      message:
        "The publication everything sends all tables, including tidefill's own: a subscriber without them stops at the first row, and its slot keeps WAL.",
      remedy: expect.stringContaining(
        "drop publication everything; create publication everything for tables in schema public;",
      ),
    },
    { remedy: expect.stringContaining("alter publication theirs drop tables in schema tidefill;") },
  ]);
});
