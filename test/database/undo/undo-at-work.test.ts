import { setTimeout as delay } from "node:timers/promises";
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
  sql,
  table,
  undoRun,
  update,
} from "tidefill";
import { beforeEach, expect, test } from "vitest";
import { useDatabase } from "../../support/database.ts";
import { freshSchemas } from "../../support/fresh-schemas.ts";
import { imagesOf, undoWholly } from "../values/round-trip.ts";

const database = useDatabase();
const rows = 6_000;
/** People pause between two writes, and leave the processor to the undo. */
const pauseMs = 1;
const things = table("things", { key: "id", columns: { id: "bigint", n: "integer" } });
const target = table("target", { key: "id", columns: { id: "bigint", n: "integer" } });
const into = insertInto(target, { id: sql`id`, n: sql`n` });

beforeEach(async () => {
  await freshSchemas(
    database,
    `
    create table things (id bigint primary key, n integer not null);
    create table target (id bigint primary key, n integer not null);
    insert into things select g, 0 from generate_series(1, ${rows}) g;
    analyze things`,
  );
});

async function run(job: Job): Promise<RunReport> {
  return runJob(job, { connectionString: database.url, workers: 2 });
}

/** Undoes a run while people go on writing. */
async function undoAmong(run: number, write: (id: number) => string): Promise<RunReport> {
  let isOver = false;
  const people = [0, 1].map(async () => {
    while (!isOver) {
      await database.query(write(Math.ceil(Math.random() * rows)));
      await delay(pauseMs);
    }
  });
  // Slow enough for concurrent edits to meet it.
  await database.query(`create or replace function slow_row() returns trigger language plpgsql as
    'begin perform pg_sleep(0.0003); return coalesce(new, old); end'`);
  for (const name of ["things", "target"])
    await database.query(`create trigger slow_row before insert or update or delete on ${name} for each row
      when (current_setting('application_name') like 'tidefill%') execute function slow_row()`);
  try {
    return await undoRun(String(run), { connectionString: database.url, workers: 2 });
  } finally {
    isOver = true;
    await Promise.all(people);
  }
}

async function count(from: string): Promise<number> {
  return Number((await database.query(`select count(*)::integer as rows from ${from}`))[0]?.rows);
}

async function requireAccounted(undone: RunReport): Promise<void> {
  const { written, conflicted, skipped, rejected } = undone.rows;
  expect(undone.status).toBe("succeeded");
  expect(written + conflicted + skipped + rejected).toBe(await imagesOf(database, undone.ofRun ?? 0));
  expect(rejected).toBe(0);
  expect(conflicted).toBeGreaterThan(0);
}

test("an undo restores no row that people changed before it got there", { tags: ["promise"] }, async () => {
  const report = await run(
    defineSqlJob({ name: "add", source: rowsOf(things), sink: update(things, { n: sql`n + 1` }) }),
  );
  const undone = await undoAmong(report.run, (id) => `update things set n = n + 100 where id = ${id}`);
  await requireAccounted(undone);
  // A row changed before the undo got there still holds the run's 1, and no other row does.
  expect(await count("things where n % 100 = 1")).toBe(undone.rows.conflicted);
  expect(await count("things where n % 100 = 0")).toBe(undone.rows.written);
});

test("an undo of a delete overwrites no row that people insert under the same key meanwhile", async () => {
  const report = await run(defineSqlJob({ name: "away", source: rowsOf(things), sink: deleteFrom(things) }));
  const undone = await undoAmong(
    report.run,
    (id) => `insert into things values (${id}, 7) on conflict do nothing`,
  );
  await requireAccounted(undone);
  expect(await count("things where n = 7")).toBe(undone.rows.conflicted);
  expect(await count("things where n = 0")).toBe(undone.rows.written);
  expect(await count("things")).toBe(rows);
});

test("an undo of a move leaves each row in one place while people change the moved rows", async () => {
  const report = await run(defineSqlJob({ name: "move", source: rowsOf(things), sink: move(things, into) }));
  const undone = await undoAmong(report.run, (id) => `update target set n = n + 100 where id = ${id}`);
  await requireAccounted(undone);
  expect(await count("things")).toBe(undone.rows.written);
  expect(await count("target where n >= 100")).toBe(undone.rows.conflicted);
  expect(await count("target")).toBe(undone.rows.conflicted);
  expect(await count("things join target using (id)")).toBe(0);
});

test("an undo of an upsert does not touch rows that people insert under the same keys", async () => {
  const conflict = { onConflict: { target: ["id"], do: "update", columns: ["n"] } } as const;
  const upsert = defineJob({
    name: "upsert",
    source: rowsOf(things),
    transform: ({ id }) => ({ id, n: 5 }),
    sink: insertInto(target, ["id", "n"], conflict),
  });
  let isOver = false;
  const people = [0, 1].map(async () => {
    while (!isOver) {
      await database.query("insert into target values ($1, 9) on conflict do nothing", [
        Math.ceil(Math.random() * rows),
      ]);
      await delay(pauseMs);
    }
  });
  const report = await run(upsert);
  isOver = true;
  await Promise.all(people);
  expect(report).toMatchObject({ status: "succeeded", rows: { read: rows, rejected: 0 } });
  const theirs = await count("target where n = 9");
  const overwritten = await count(`tidefill.undo_${report.run} where kind = 'u'`);
  expect(await count("target where n = 5")).toBe(rows - theirs);
  await undoWholly(database, report.run);
  expect(await count("target where n = 9")).toBe(theirs + overwritten);
  expect(await count("target")).toBe(theirs + overwritten);
});

test("rows that a deferred foreign key refuses at the commit are rejects, and all other rows are inserted", async () => {
  await database.query(`create table parent (id bigint primary key); insert into parent select g from generate_series(1, ${rows}) g where g % 1000 <> 0;
    alter table target add foreign key (id) references parent deferrable initially deferred`);
  const report = await run(defineSqlJob({ name: "copy", source: rowsOf(things), sink: into }));
  expect(report, String(report.message)).toMatchObject({
    status: "succeeded",
    rows: { written: rows - 6, rejected: 6 },
  });
  await undoWholly(database, report.run);
});
