import { defineSqlJob, insertInto, rowsOf, runJob, sql, table, undoRun, update } from "tidefill";
import { beforeEach, expect, test, vi } from "vitest";
import { useDatabase } from "../../support/database.ts";
import { freshSchemas } from "../../support/fresh-schemas.ts";
import { until } from "../../support/until.ts";
import { imagesOf, requireRoundTrips } from "./round-trip.ts";

// As on PostgreSQL 14 to 17, where `returning` cannot give a row's old values.
vi.mock("../../../src/postgres/catalog/returning-old.ts", async (original) => ({
  ...(await original<object>()),
  hasReturningOld: async () => false,
}));

const database = useDatabase();
const things = table("things", { key: "id", columns: { id: "bigint", old_1: "integer?", b: "integer?" } });
const target = table("target", { key: "id", columns: { id: "bigint", b: "integer?" } });
const upsert = defineSqlJob({
  name: "upsert",
  source: rowsOf(things),
  sink: insertInto(
    target,
    { id: sql`id`, b: sql`b` },
    { onConflict: { target: ["id"], do: "update", columns: ["b"] } },
  ),
});

beforeEach(async () => {
  await freshSchemas(
    database,
    `
    create table things (id bigint primary key, old_1 integer, b integer);
    create table target (id bigint primary key, b integer);
    insert into things select g, g, g from generate_series(1, 5) g;
    analyze things`,
  );
});

test("updates and upserts are undone", async () => {
  await database.query("insert into target values (1, -1), (3, 3)");
  await requireRoundTrips(database, upsert, ["things", "target"], 4);
  const add = defineSqlJob({ name: "add", source: rowsOf(things), sink: update(things, { b: sql`b + 1` }) });
  await requireRoundTrips(database, add, ["things", "target"], 5);
});

test.each([
  ["names no key", {}, ["b"]],
  ["names a key that the upsert changes", { key: "id" }, ["id", "b"]],
] as const)(
  "an upsert into a table whose description %s is refused, as it could not be undone",
  async (_, described, columns) => {
    const into = table("target", { ...described, columns: { id: "bigint", b: "integer?" } });
    const onConflict = { target: ["id"], do: "update", columns } as const;
    const job = defineSqlJob({
      name: "upsert",
      source: rowsOf(things),
      sink: insertInto(into, { id: sql`id`, b: sql`b` }, { onConflict }),
    });
    await expect(runJob(job, { connectionString: database.url })).rejects.toMatchObject({
      check: "upsert-tells-what-is-new",
    });
  },
);

test("a row that another session inserts during an upsert is overwritten only with an image", async () => {
  await database.query(`
    create function wait() returns trigger language plpgsql as 'begin perform pg_sleep(0.2); return null; end';
    create trigger wait before insert on target
      when (current_setting('application_name') like 'tidefill%') execute function wait()`);
  const running = runJob(upsert, { connectionString: database.url, workers: 1 });
  const isInserting = `select from pg_stat_activity
    where datname = current_database() and application_name like 'tidefill%' and wait_event = 'PgSleep'`;
  await until(async () => (await database.query(isInserting)).length === 1, {
    describe: "an insert",
    everyMs: 2,
  });
  await database.query("insert into target values (5, 99)");
  const report = await running;
  expect(await database.query("select b from target where id = 5")).toEqual([{ b: 5 }]);
  expect(await imagesOf(database, report.run)).toBe(5);
  await undoRun(String(report.run), { connectionString: database.url });
  expect(await database.query("select * from target")).toEqual([{ id: "5", b: 99 }]);
});

test("an expression can read a column called old_1", async () => {
  const job = defineSqlJob({
    name: "read",
    source: rowsOf(things),
    sink: update(things, { b: sql`old_1 + 1` }),
  });
  await requireRoundTrips(database, job, ["things"], 5);
});
