import {
  defineJob,
  defineSqlJob,
  deleteFrom,
  insertInto,
  type Job,
  move,
  type RunReport,
  rowsOf,
  runJob,
  skip,
  sql,
  table,
  undoRun,
  update,
} from "tidefill";
import { beforeEach, expect, test } from "vitest";
import { useDatabase } from "../../support/database.ts";
import { freshSchemas } from "../../support/fresh-schemas.ts";
import { runInSmallRanges } from "../run/small-batches.ts";
import { hashesOf, imagesOf } from "../values/round-trip.ts";

const database = useDatabase();
const things = table("things", { key: "id", columns: { id: "bigint", a: "text?", b: "integer?" } });
const target = table("target", { key: "a", columns: { a: "text", b: "integer?" } });

beforeEach(async () => {
  await freshSchemas(
    database,
    `
    create table things (id bigint primary key, a text, b integer);
    create table target (a text primary key, b integer)`,
  );
});

async function fill(rows: number): Promise<void> {
  await database.query("insert into things select g, 'a' || g, g from generate_series(1, $1::integer) g", [
    rows,
  ]);
  await database.query("analyze things");
}

async function run(job: Job): Promise<RunReport> {
  return runJob(job, { connectionString: database.url, workers: 2, again: true });
}

async function undo(run: number): Promise<RunReport> {
  return undoRun(String(run), { connectionString: database.url, workers: 2 });
}

/** The number of images that the report of an undo accounts for. */
function accounted({ rows }: RunReport): number {
  return rows.written + rows.conflicted + rows.skipped + rows.rejected;
}

/** Several rows of the source are written to one row of the target, in separate batches. */
const upsert = defineJob({
  name: "upsert",
  source: rowsOf(things),
  transform: ({ id, b }) => ({ a: `a${id % 3n}`, b }),
  sink: insertInto(target, ["a", "b"], { onConflict: { target: ["a"], do: "update", columns: ["b"] } }),
});
const described = { name: "things", key: ["id"] };

test("rows that a run overwrote several times get back what they held before it", async () => {
  await fill(30);
  await database.query("insert into target values ('a0', -1), ('a1', -2), ('a2', -3)");
  const before = await hashesOf(database, ["target"]);
  const { run: id } = await runInSmallRanges(database, upsert, described, { rows: 1, workers: 1 });
  const report = await undo(id);
  expect(accounted(report)).toBe(await imagesOf(database, id));
  expect(await hashesOf(database, ["target"])).toEqual(before);
});

test("rows that a run inserted and then overwrote itself are removed", async () => {
  await fill(30);
  const { run: id } = await runInSmallRanges(database, upsert, described, { rows: 1, workers: 1 });
  const report = await undo(id);
  expect(accounted(report)).toBe(await imagesOf(database, id));
  expect(await database.query("select from target")).toEqual([]);
});

test("a row that a person made pending again gets back the person's values", async () => {
  await fill(2_000);
  let isEdited = false;
  const job = defineJob({
    name: "pending",
    source: rowsOf(things, { pending: sql`b is not null` }),
    transform: () => ({ b: null, a: "done" }),
    sink: update(things, ["b", "a"]),
  });
  const edit = "update things set b = 7, a = 'person' where id <= 10";
  const report = await runJob(job, {
    connectionString: database.url,
    workers: 1,
    onEvent: (event) => {
      if (event.type !== "batch committed" || isEdited) return;
      isEdited = true;
      void database.query(edit);
    },
  });
  expect(report).toMatchObject({ status: "succeeded" });
  const images = await imagesOf(database, report.run);
  const undone = await undo(report.run);
  expect([undone.status, accounted(undone), undone.rows.written]).toEqual(["succeeded", images, 2_000]);
  const wrong = `select * from things where (a, b) is distinct from
    (case when id <= 10 and ${images} > 2000 then 'person' else 'a' || id end, case when id <= 10 and ${images} > 2000 then 7 else id end)`;
  expect(await database.query(wrong)).toEqual([]);
});

test("an undo with many conflicts comes to its end", async () => {
  await fill(5_000);
  const report = await run(
    defineSqlJob({ name: "add", source: rowsOf(things), sink: update(things, { b: sql`b + 1` }) }),
  );
  await database.query("update things set b = 0 where id <= 1500");
  expect(await undo(report.run)).toMatchObject({
    status: "succeeded",
    rows: { read: 5_000, written: 3_500, conflicted: 1_500, skipped: 0, rejected: 0 },
  });
});

const away = defineSqlJob({ name: "away", source: rowsOf(things), sink: deleteFrom(things) });

test("deleted rows that refer to each other all come back", async () => {
  await fill(3_000);
  await database.query(`alter table things add parent bigint references things;
    update things set parent = id + 2900 where id <= 60; create index on things (parent)`);
  const before = await hashesOf(database, ["things"]);
  const report = await runJob(away, { connectionString: database.url, workers: 1 });
  expect(report).toMatchObject({ status: "succeeded", rows: { written: 3_000, rejected: 0 } });
  const undone = await undoRun(String(report.run), { connectionString: database.url, workers: 1 });
  expect(undone).toMatchObject({
    status: "succeeded",
    rows: { read: 3_000, written: 3_000, conflicted: 0, skipped: 0, rejected: 0 },
  });
  expect(await database.query("select from tidefill.reject where run_id = $1", [undone.run])).toEqual([]);
  expect(await hashesOf(database, ["things"])).toEqual(before);
});

const awayByRows = defineJob({
  name: "away-by-rows",
  source: rowsOf(things, { read: ["a"] }),
  transform: ({ a }) => (a === "kept" ? skip() : {}),
  sink: deleteFrom(things),
});

test.each([away, awayByRows])(
  "$name: rows are deleted after the rows that refer to them, and each failure is listed once",
  async (job) => {
    // Chains over several batches in the wrong order; another table refers to one of them.
    await fill(1_000);
    await database.query(`alter table things add parent bigint references things;
    update things set parent = id - 220 where id % 220 < 11 and id > 220; create index on things (parent);
    update things set a = 'kept' where id = 1000;
    create table holders (thing bigint references things); insert into holders values (5)`);
    const before = await hashesOf(database, ["things"]);
    const report = await runInSmallRanges(database, job, described, { rows: 100, workers: 1 });
    const skipped = job === awayByRows ? 1 : 0;
    expect(report).toMatchObject({
      status: "succeeded",
      rows: { read: 1_000, written: 999 - skipped, skipped, rejected: 1 },
    });
    const rejects = (run: number) =>
      database.query("select key[1]::integer as id, sqlstate from tidefill.reject where run_id = $1", [run]);
    expect(await rejects(report.run)).toEqual([{ id: 5, sqlstate: "23503" }]);
    expect(await database.query("select id::integer from things where id < 1000")).toEqual([{ id: 5 }]);
    // A row whose parent is gone for good cannot come back.
    await database.query("delete from holders; delete from things where id = 5");
    const undone = await undo(report.run);
    const held = 4;
    const images = 999 - skipped;
    expect(accounted(undone)).toBe(images);
    expect(undone).toMatchObject({
      status: "succeeded",
      rows: { read: images, written: images - held, rejected: held },
    });
    expect((await rejects(undone.run)).map(({ id }) => id).toSorted()).toEqual([225, 445, 665, 885]);
    await database.query("insert into things values (5, 'a5', 5)");
    expect(await undo(report.run)).toMatchObject({ rows: { written: held, conflicted: 0, rejected: 0 } });
    expect(await hashesOf(database, ["things"])).toEqual(before);
  },
);

const trigger = `create function mark() returns trigger language plpgsql as $$
    begin new.b := new.b + 1000; return new; end $$;
  create trigger mark before insert or update on TABLE for each row when (new.b % 5 = 0) execute function mark()`;

test.each([
  [
    "an update",
    "things",
    defineSqlJob({ name: "add", source: rowsOf(things), sink: update(things, { b: sql`-b` }) }),
  ],
  ["a delete", "things", away],
  ["an upsert", "target", upsert],
])(
  "%s: a row that a trigger alters while it is restored does not count as restored",
  async (_, name, job) => {
    await fill(60);
    await database.query("insert into target values ('a0', 5), ('a1', 6), ('a2', 7)");
    await database.query(`create table before as select * from ${name}`);
    const { run: id } = await run(job);
    await database.query(trigger.replace("TABLE", name));
    const report = await undo(id);
    const back = `select count(*)::integer from before natural join ${name}`;
    const [whole] = await database.query(back);
    const rows = name === "things" ? { written: 48, conflicted: 12 } : { written: 40, conflicted: 20 };
    expect(report).toMatchObject({ status: "succeeded", rows });
    expect(whole).toEqual({ count: name === "things" ? 48 : 2 });
    const reasons = `select distinct reason from tidefill.reject where run_id = ${report.run} order by 1`;
    expect((await database.query(reasons)).map(({ reason }) => reason)).toContain("altered by a trigger");
  },
);

test.each(["cascade", "set null"])(
  "a delete that would %s other rows is refused, or undone whole",
  async (rule) => {
    await fill(100);
    await database.query(`create table child (id bigint primary key, thing bigint references things on delete ${rule});
    insert into child select id, id from things; create index on child (thing)`);
    const before = await hashesOf(database, ["things", "child"]);
    const report = await run(away).catch(() => null);
    if (report !== null) await undo(report.run);
    expect(await hashesOf(database, ["things", "child"])).toEqual(before);
  },
);

test.each(["taken", "gone"])("an expression of a move can read a table called %s", async (name) => {
  await fill(10);
  await database.query(
    `create table ${name} (id bigint, b integer); insert into ${name} select id, id * 100 from things`,
  );
  const into = insertInto(target, {
    a: sql`a`,
    b:
      name === "gone"
        ? sql`(select g.b from gone g where g.id = things.id)`
        : sql`(select g.b from taken g where g.id = things.id)`,
  });
  await run(defineSqlJob({ name: "move", source: rowsOf(things), sink: move(things, into) }));
  expect(await database.query("select count(*)::integer from target where b >= 100")).toEqual([
    { count: 10 },
  ]);
});

test("an undo restores, removes or brings back only untouched rows, and accounts for each image", {
  tags: ["promise"],
}, async () => {
  await fill(3_000);
  const jobs = [
    defineSqlJob({ name: "add", source: rowsOf(things), sink: update(things, { b: sql`b + 1` }) }),
    defineSqlJob({
      name: "copy",
      source: rowsOf(things),
      sink: insertInto(target, { a: sql`a`, b: sql`b` }),
    }),
    defineSqlJob({
      name: "move",
      source: rowsOf(things),
      sink: move(things, insertInto(target, { a: sql`a`, b: sql`b` })),
    }),
  ];
  for (const job of jobs) {
    const report = await run(job);
    await database.query("update things set b = -1 where id % 10 = 3; delete from things where id % 10 = 4");
    await database.query("update target set b = -1 where b % 10 = 3; delete from target where b % 10 = 4");
    // Writing the same value is an edit too, where the writing transaction identifies the row.
    await database.query("update target set b = b where b % 10 = 5");
    const undone = await undo(report.run);
    expect([undone.status, accounted(undone)], job.name).toEqual(["succeeded", 3_000]);
    expect(undone.rows.written, job.name).toBe(job.name === "add" ? 2_400 : 2_100);
    const edited = await database.query("select count(*)::integer from target where b = -1 or b % 10 = 5");
    expect(edited, job.name).toEqual([{ count: job.name === "add" ? 0 : 600 }]);
    await database.query("truncate things, target");
    await fill(3_000);
  }
});
test("a job that inserts into its own source does each original row once, or is refused", async () => {
  await fill(3_000);
  await database.query(
    "create sequence ids start 100000; alter table things alter id set default nextval('ids')",
  );
  const job = defineSqlJob({
    name: "copy",
    source: rowsOf(things),
    sink: insertInto(things, { a: sql`a`, b: sql`0` }),
  });
  const report = await runJob(job, {
    connectionString: database.url,
    workers: 1,
    signal: AbortSignal.timeout(4_000),
  }).catch(() => null);
  expect(report === null ? 3_000 : report.rows.written).toBe(3_000);
});

test("a row inserted into a table without a key, and changed since, is a conflict, not gone", async () => {
  await fill(20);
  await database.query("create table keyless (n integer, note text)");
  const keyless = table("keyless", { columns: { n: "integer", note: "text?" } });
  const report = await run(
    defineSqlJob({ name: "copy", source: rowsOf(things), sink: insertInto(keyless, { n: sql`b` }) }),
  );
  await database.query("update keyless set note = 'theirs' where n in (3, 4)");
  const undone = await undo(report.run);
  expect(undone.rows).toMatchObject({ written: 18, conflicted: 2, skipped: 0 });
  const reasons = await database.query("select distinct reason from tidefill.reject where run_id = $1", [
    undone.run,
  ]);
  expect(reasons).toEqual([{ reason: "changed or gone" }]);
});
