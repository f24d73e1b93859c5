import {
  defineJob,
  defineSqlJob,
  deleteFrom,
  insertInto,
  type Job,
  rowsOf,
  runJob,
  sql,
  table,
  update,
} from "tidefill";
import { expect, test } from "vitest";
import { jobOver, refusalOf, thingsOf } from "../../database/plan/refusals.ts";
import { useDatabase } from "../../support/database.ts";

const database = useDatabase();

const t = table("things.t", { key: "id", columns: { id: "bigint", n: "integer?" } });
const target = table("things.target", { key: "id", columns: { id: "bigint", n: "integer?" } });
const tables = `
  create table t (id bigint primary key, n integer); insert into t select g from generate_series(1, 10) g;
  create table target (id bigint primary key, n integer)`;

const fill = defineSqlJob({ name: "fill", source: rowsOf(t), sink: update(t, { n: sql`7` }) });
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
const drop = defineSqlJob({ name: "drop", source: rowsOf(t), sink: deleteFrom(t) });

const rules: readonly {
  readonly rule: string;
  readonly job: Job;
  readonly does: string;
  readonly name: string;
}[] = [
  {
    rule: "create rule keep as on update to t do instead nothing",
    job: fill,
    name: "keep of things.t",
    does: "does something else instead for each update",
  },
  {
    rule: "create rule keep as on update to t do instead nothing",
    job: jobOver(),
    name: "keep of things.t",
    does: "does something else instead for each update",
  },
  {
    rule: "create rule note as on update to t do also notify t",
    job: fill,
    name: "note of things.t",
    does: "does something in addition for each update",
  },
  {
    rule: "create rule keep as on insert to target do instead nothing",
    job: copy,
    name: "keep of things.target",
    does: "does something else instead for each insert",
  },
  {
    rule: "create rule keep as on update to target do instead nothing",
    job: upsert,
    name: "keep of things.target",
    does: "does something else instead for each update, which an upsert or an undo needs",
  },
  {
    rule: "create rule keep as on delete to target do instead nothing",
    job: copy,
    name: "keep of things.target",
    does: "does something else instead for each delete, which an undo needs",
  },
  {
    rule: "create rule keep as on insert to t do instead nothing",
    job: drop,
    name: "keep of things.t",
    does: "does something else instead for each insert, which an undo needs",
  },
];

test.each(rules)(
  "'$rule' refuses the job $job.name before anything is written, and the refusal names the rule (g)",
  async ({ rule, job, name, does }) => {
    await thingsOf(database, `${tables}; ${rule}`);
    const refusal = await refusalOf(database.url, job);
    expect(refusal).toMatchObject({
      check: "no-rule-rewrites",
      message: `The rule ${name} ${does}: PostgreSQL would refuse the statements of the batches.`,
    });
    await database.query(refusal.remedy);
    expect(await runJob(job, { connectionString: database.url })).toMatchObject({ status: "succeeded" });
    await database.query("drop schema tidefill cascade");
  },
);

test("a rule that is disabled or irrelevant refuses nothing (g)", async () => {
  await thingsOf(
    database,
    `${tables}; create rule keep as on update to t do instead nothing; alter table t disable rule keep;
     create rule stay as on delete to t do instead nothing`,
  );
  expect(await runJob(fill, { connectionString: database.url })).toMatchObject({ rows: { written: 10 } });
  await database.query("drop schema tidefill cascade");
});

test("a job without an undo log works beside a rule that does something in addition (g)", async () => {
  await thingsOf(database, `${tables}; create rule note as on update to t do also notify t`);
  const plain = defineSqlJob({
    name: "plain",
    source: rowsOf(t),
    sink: update(t, { n: sql`7` }),
    undoable: false,
    backup: { check: async () => true },
  });
  expect(await runJob(plain, { connectionString: database.url })).toMatchObject({ rows: { written: 10 } });
  await database.query("drop schema tidefill cascade");
});

test("a view with an instead-of trigger is refused as a view (g)", async () => {
  await thingsOf(
    database,
    `create table base (id bigint primary key, n integer); create view t as select * from base;
     create function put() returns trigger language plpgsql as 'begin return new; end';
     create trigger put instead of update on t for each row execute function put()`,
  );
  expect(await refusalOf(database.url, jobOver())).toMatchObject({ check: "relation-is-a-table" });
});

test("a table that other tables inherit from is refused with the jobs to write (D9)", async () => {
  await thingsOf(
    database,
    "create table t (id bigint primary key, n integer); create table t_1 () inherits (t); create table t_2 () inherits (t)",
  );
  expect(await refusalOf(database.url, jobOver())).toEqual({
    check: "relation-is-a-table",
    message:
      "things.t has tables that inherit from it (things.t_1, things.t_2): its key is not unique across them.",
    remedy: expect.stringContaining(
      "Write one job for each of the tables: tidefill new fill-things-t-1 --table things.t_1   tidefill new fill-things-t-2 --table things.t_2",
    ),
  });
});

test("the suggested statement that includes a parent's own rows works as it stands (D9)", async () => {
  await thingsOf(
    database,
    `create table t (id bigint primary key, n integer); create table t_1 () inherits (t); alter table t_1 add primary key (id);
     insert into t values (1)`,
  );
  const { remedy } = await refusalOf(database.url, jobOver());
  await database.query(/with own as .*/.exec(remedy)?.[0] ?? "");
  const child = defineJob({
    name: "fill-things-t-1",
    source: rowsOf(table("things.t_1", { key: "id", columns: { id: "bigint", n: "integer?" } })),
    transform: () => ({ n: 1 }),
    sink: update(table("things.t_1", { key: "id", columns: { id: "bigint", n: "integer?" } }), ["n"]),
  });
  expect(await runJob(child, { connectionString: database.url })).toMatchObject({ rows: { written: 1 } });
  await database.query("drop schema tidefill cascade");
});

test("a hypertable is refused as such, with its chunks (D9)", async () => {
  await thingsOf(
    database,
    `create table t (id bigint primary key, n integer); create schema _timescaledb_internal;
     create table _timescaledb_internal._hyper_1_1_chunk () inherits (t)`,
  );
  try {
    expect(await refusalOf(database.url, jobOver())).toMatchObject({
      message: expect.stringContaining("things.t is a hypertable: its rows are in 1 chunks"),
      remedy: expect.stringContaining("select show_chunks('things.t');"),
    });
  } finally {
    await database.query("drop schema _timescaledb_internal cascade");
  }
});
