import {
  type ColumnType,
  defineJob,
  defineSqlJob,
  deleteFrom,
  type EngineEvent,
  insertInto,
  type Job,
  move,
  type RunReport,
  rowsOf,
  runJob,
  sql,
  table,
} from "tidefill";
import { beforeEach, expect, test } from "vitest";
import { useDatabase } from "../../support/database.ts";
import { freshSchemas } from "../../support/fresh-schemas.ts";
import { until } from "../../support/until.ts";
import { refusalOf } from "../plan/refusals.ts";
import { hashesOf, requireRoundTrips, undoWholly } from "../values/round-trip.ts";

const database = useDatabase();
const source = table("source", { key: "id", columns: { id: "bigint", a: "text?", b: "integer?" } });
const target = table("target", { key: "id", columns: { id: "bigint", a: "text", source_id: "bigint?" } });

beforeEach(async () => {
  await freshSchemas(
    database,
    `
    grant usage on schema public to public;
    create table source (id bigint primary key, a text, b integer);
    create table target (id bigint generated always as identity primary key, a text not null, source_id bigint)`,
  );
});

async function fill(rows: number): Promise<void> {
  await database.query("insert into source select g, 'a' || g, g from generate_series(1, $1::integer) g", [
    rows,
  ]);
  await database.query("analyze source");
}

async function run(job: Job, options: object = {}): Promise<RunReport> {
  return runJob(job, { connectionString: database.url, workers: 2, again: true, ...options });
}

const copyRows = defineJob({
  name: "copy-rows",
  source: rowsOf(source),
  transform: ({ id, a }) => ({ a: a ?? "", source_id: id }),
  sink: insertInto(target, ["a", "source_id"]),
});

test("70,000 rows become 70,000 of five columns, in batches of more than 65,535 values", async () => {
  await fill(70_000);
  const types = { id: "bigint", v1: "integer", v2: "text", v3: "numeric", v4: "date?" } as const;
  await database.query("create table wide (id bigint primary key, v1 integer, v2 text, v3 numeric, v4 date)");
  await database.query(
    "alter table wide alter v1 set not null, alter v2 set not null, alter v3 set not null",
  );
  const wide = table("wide", { key: "id", columns: types as Readonly<Record<string, ColumnType>> });
  let most = 0;
  const report = await run(
    defineJob({
      name: "wide",
      source: rowsOf(source),
      transform: ({ id }) => ({ id, v1: Number(id), v2: `v${id}`, v3: `${id}.50`, v4: null }) as never,
      sink: insertInto(wide, Object.keys(types)),
      pace: { batchTime: "5s" },
    }),
    {
      onEvent: (event: EngineEvent) => {
        if (event.type === "batch committed") most = Math.max(most, event.counts.read);
      },
    },
  );
  expect(report).toMatchObject({ status: "succeeded", rows: { read: 70_000, written: 70_000 } });
  const right =
    "select count(*)::integer from wide where v1 = id and v2 = 'v' || id and v3::text = id || '.50'";
  expect(await database.query(right)).toEqual([{ count: 70_000 }]);
  await undoWholly(database, report.run);
  expect(await database.query("select from wide limit 1")).toEqual([]);
});

test("an insert without a value for a not-null column without a default is refused", async () => {
  await database.query(
    "alter table target add must integer not null, add may integer, add filled integer not null default 7",
  );
  expect(await refusalOf(database.url, copyRows)).toMatchObject({ check: "columns-are-filled" });
  await database.query("alter table target alter must set default 3");
  await fill(10);
  expect(await run(copyRows)).toMatchObject({ status: "succeeded", rows: { written: 10 } });
  expect(await database.query("select distinct must, may, filled from target")).toEqual([
    { must: 3, may: null, filled: 7 },
  ]);
});

test("columns that PostgreSQL fills are refused, and so is a missing target", async () => {
  await database.query("alter table target add twice bigint generated always as (source_id * 2) stored");
  const described = table("target", { key: "id", columns: { id: "bigint", a: "text", twice: "bigint?" } });
  for (const names of [
    ["a", "id"],
    ["a", "twice"],
  ] as const) {
    const job = defineJob({
      name: "generated",
      source: rowsOf(source),
      transform: () => ({}) as never,
      sink: insertInto(described, names),
    });
    expect(await refusalOf(database.url, job)).toMatchObject({ check: "columns-can-be-written" });
  }
  await database.query("drop table target");
  expect(await refusalOf(database.url, copyRows)).toMatchObject({ check: "relation-is-a-table" });
});

test("missing privileges on the target and on deleted tables are refused before the run", async () => {
  const role = `writer_${database.name}`;
  // The role makes a store of its own.
  await database.query(`drop schema if exists tidefill cascade;
    create role ${role} login password 'x' in role pg_read_all_data;
    grant create on database ${database.name} to ${role}`);
  const url = new URL(database.url);
  url.username = role;
  url.password = "x";
  try {
    await database.query(`grant select, update on source to ${role}`);
    expect(await refusalOf(url.href, copyRows)).toMatchObject({ check: "columns-can-be-written" });
    const away = defineSqlJob({ name: "away", source: rowsOf(source), sink: deleteFrom(source) });
    expect(await refusalOf(url.href, away)).toMatchObject({ check: "columns-can-be-written" });
    await database.query(`grant insert (a, source_id) on target to ${role}`);
    await fill(10);
    expect(await runJob(copyRows, { connectionString: url.href })).toMatchObject({ status: "succeeded" });
  } finally {
    await database.query(`drop owned by ${role}; drop role ${role}`);
  }
});

test("rows that break a foreign key, a check or a not-null are rejects; all other rows are inserted or moved", async () => {
  await fill(2_000);
  await database.query(`create table parent (id bigint primary key); insert into parent select g from generate_series(1, 1990) g;
    alter table target add foreign key (source_id) references parent, add check (a <> 'a77')`);
  const report = await run(copyRows);
  expect(report).toMatchObject({ status: "succeeded", rows: { written: 1_989, rejected: 11 } });
  const states =
    "select sqlstate, count(*)::integer from tidefill.reject where run_id = $1 group by 1 order by 1";
  expect(await database.query(states, [report.run])).toEqual([
    { sqlstate: "23503", count: 10 },
    { sqlstate: "23514", count: 1 },
  ]);
  await undoWholly(database, report.run);
  const into = insertInto(target, { a: sql`a`, source_id: sql`id` });
  const away = await run(defineSqlJob({ name: "away", source: rowsOf(source), sink: move(source, into) }));
  expect(away).toMatchObject({ status: "succeeded", rows: { written: 1_989, rejected: 11 } });
  expect(await database.query("select count(*)::integer from source")).toEqual([{ count: 11 }]);
  await undoWholly(database, away.run);
  expect(await database.query("select count(*)::integer from source")).toEqual([{ count: 2_000 }]);
});

test("a partitioned target without a key takes rows, and an undo removes them", async () => {
  await fill(1_000);
  await database.query(`drop table target;
    create table target (id bigint generated always as identity, a text not null, source_id bigint) partition by list ((source_id % 2));
    create table target_0 partition of target for values in (0);
    create table target_1 (source_id bigint, junk integer, a text not null, id bigint not null);
    alter table target_1 drop column junk;
    alter table target attach partition target_1 for values in (1)`);
  const keyless = table("target", { columns: { a: "text", source_id: "bigint?" } });
  const into = insertInto(keyless, { a: sql`a`, source_id: sql`id` });
  const copy = defineSqlJob({ name: "copy-by-sql", source: rowsOf(source), sink: into });
  await requireRoundTrips(database, copy, ["source", "target"], 1_000);
  const away = defineSqlJob({ name: "move-by-sql", source: rowsOf(source), sink: move(source, into) });
  await requireRoundTrips(database, away, ["source", "target"], 1_000);
});

const missing = sql`not exists (select from target t where t.source_id = source.id)`;

function pendingJobs(pending: typeof missing): readonly Job[] {
  return [
    defineJob({
      name: "pending-rows",
      source: rowsOf(source, { pending }),
      transform: ({ id, a }) => ({ a: a ?? "", source_id: id }),
      sink: insertInto(target, ["a", "source_id"]),
    }),
    defineSqlJob({
      name: "pending-by-sql",
      source: rowsOf(source, { pending }),
      sink: insertInto(target, { a: sql`a`, source_id: sql`id` }),
    }),
  ];
}

test.each([0, 1])("a sweep finds late rows, each only once (job %i)", async (kind) => {
  await fill(3_000);
  await database.query("create index on target (source_id)");
  await database.query("insert into target (a, source_id) select 'old', g from generate_series(1, 500) g");
  const before = await hashesOf(database, ["target"]);
  let isLate = false;
  const report = await run(pendingJobs(missing)[kind]!, {
    workers: 1,
    onEvent: (event: { readonly type: string }) => {
      if (event.type !== "range finished" && event.type !== "batch committed") return;
      if (isLate) return;
      isLate = true;
      void database.query("insert into source select -g, 'late', g from generate_series(1, 10) g");
    },
  });
  await until(async () => isLate, { describe: "late rows" });
  expect(report).toMatchObject({ status: "succeeded", rows: { rejected: 0 } });
  const wrong = "select from source s where 1 <> (select count(*) from target t where t.source_id = s.id)";
  expect(await database.query(wrong)).toEqual([]);
  await undoWholly(database, report.run);
  expect(await hashesOf(database, ["target"])).toEqual(before);
});

test.each([0, 1])(
  "a `pending` that stays true is refused as a mistake of the job, and nothing is inserted (job %i)",
  async (kind) => {
    await fill(500);
    const report = await run(pendingJobs(sql`b > 0`)[kind]!);
    expect(report).toMatchObject({ status: "failed", message: expect.stringContaining("pending") });
    expect(await database.query("select from target")).toEqual([]);
  },
);

test("a pending row that arrives while an SQL job inserts its batch is not taken for a mistake of the job", async () => {
  await fill(5);
  await database.query(`
    create function wait() returns trigger language plpgsql as 'begin perform pg_sleep(0.2); return null; end';
    create trigger wait before insert on target execute function wait()`);
  const running = run(pendingJobs(missing)[1]!, { workers: 1 });
  const isInserting = `select from pg_stat_activity
    where datname = current_database() and application_name like 'tidefill%' and wait_event = 'PgSleep'`;
  await until(async () => (await database.query(isInserting)).length === 1, {
    describe: "an insert",
    everyMs: 2,
  });
  await database.query("insert into source values (100, 'late', 1)");
  expect(await running).toMatchObject({ status: "succeeded", message: null });
});
