import {
  defineJob,
  defineSqlJob,
  deleteFrom,
  insertInto,
  type Job,
  move,
  type RunReport,
  resumeRun,
  rowsOf,
  runJob,
  sql,
  table,
  update,
  verifyRun,
} from "tidefill";
import { beforeEach, expect, test } from "vitest";
import { exitCodeOf } from "../../src/cli/exit-code.ts";
import { useDatabase } from "../support/database.ts";
import { freshSchemas } from "../support/fresh-schemas.ts";

const database = useDatabase();
const things = table("things", { key: "id", columns: { id: "bigint", archived: "boolean", n: "integer?" } });
const others = table("others", { key: "id", columns: { id: "bigint", n: "integer?" } });

beforeEach(async () => {
  await freshSchemas(
    database,
    `
    create table things (id bigint primary key, archived boolean not null, n integer);
    create table others (id bigint primary key, n integer);
    create function hold() returns trigger language plpgsql as
      'begin if (case tg_op when ''INSERT'' then new.id else old.id end) % 2 = 0 then return null; end if;
       return case tg_op when ''DELETE'' then old else new end; end';
    insert into things select g, g % 2 = 0, null from generate_series(1, 1000) g;
    analyze things`,
  );
});

const options = () => ({ connectionString: database.url, workers: 2 });
const pending = sql`n is null`;

interface Case {
  readonly verb: "insert" | "update" | "delete";
  readonly on: string;
  readonly job: Job;
  /** what is true in the end when all rows are done */
  readonly done: string;
}

const notThere = sql`not exists (select from others o where o.id = things.id)`;
const cases: Readonly<Record<string, Case>> = {
  "a row job updates": {
    verb: "update",
    on: "things",
    job: defineJob({
      name: "w",
      source: rowsOf(things),
      transform: () => ({ n: 1 }),
      sink: update(things, ["n"]),
    }),
    done: "(select count(*) from things where n = 1) = 1000",
  },
  "a row job with pending updates": {
    verb: "update",
    on: "things",
    job: defineJob({
      name: "w",
      source: rowsOf(things, { pending }),
      transform: () => ({ n: 1 }),
      sink: update(things, ["n"]),
    }),
    done: "(select count(*) from things where n = 1) = 1000",
  },
  "an SQL job updates": {
    verb: "update",
    on: "things",
    job: defineSqlJob({
      name: "w",
      source: rowsOf(things, { where: sql`true` }),
      sink: update(things, { n: sql`1` }),
    }),
    done: "(select count(*) from things where n = 1) = 1000",
  },
  "an SQL job with pending updates": {
    verb: "update",
    on: "things",
    job: defineSqlJob({
      name: "w",
      source: rowsOf(things, { pending }),
      sink: update(things, { n: sql`1` }),
    }),
    done: "(select count(*) from things where n = 1) = 1000",
  },
  "a row job deletes": {
    verb: "delete",
    on: "things",
    job: defineJob({
      name: "w",
      source: rowsOf(things, { where: sql`true` }),
      transform: (row) => row,
      sink: deleteFrom(things),
    }),
    done: "not exists (select from things)",
  },
  "an SQL job deletes": {
    verb: "delete",
    on: "things",
    job: defineSqlJob({ name: "w", source: rowsOf(things, { where: sql`true` }), sink: deleteFrom(things) }),
    done: "not exists (select from things)",
  },
  "a row job inserts": {
    verb: "insert",
    on: "others",
    job: defineJob({
      name: "w",
      source: rowsOf(things),
      transform: ({ id }) => ({ id, n: 1 }),
      sink: insertInto(others, ["id", "n"]),
    }),
    done: "(select count(*) from others) = 1000",
  },
  "a row job with pending inserts": {
    verb: "insert",
    on: "others",
    job: defineJob({
      name: "w",
      source: rowsOf(things, { pending: notThere }),
      transform: ({ id }) => ({ id, n: 1 }),
      sink: insertInto(others, ["id", "n"]),
    }),
    done: "(select count(*) from others) = 1000",
  },
  "an SQL job inserts": {
    verb: "insert",
    on: "others",
    job: defineSqlJob({
      name: "w",
      source: rowsOf(things),
      sink: insertInto(others, { id: sql`id`, n: sql`1` }),
    }),
    done: "(select count(*) from others) = 1000",
  },
  "a row job upserts": {
    verb: "insert",
    on: "others",
    job: defineJob({
      name: "w",
      source: rowsOf(things),
      transform: ({ id }) => ({ id, n: 1 }),
      sink: insertInto(others, ["id", "n"], { onConflict: { target: ["id"], do: "update", columns: ["n"] } }),
    }),
    done: "(select count(*) from others) = 1000",
  },
  "an SQL job inserts what is not there": {
    verb: "insert",
    on: "others",
    job: defineSqlJob({
      name: "w",
      source: rowsOf(things),
      sink: insertInto(others, { id: sql`id`, n: sql`1` }, { onConflict: { target: ["id"], do: "nothing" } }),
    }),
    done: "(select count(*) from others) = 1000",
  },
  "a row job moves, and rows stay": {
    verb: "delete",
    on: "things",
    job: defineJob({
      name: "w",
      source: rowsOf(things, { where: sql`true` }),
      transform: ({ id }) => ({ id, n: 1 }),
      sink: move(things, insertInto(others, ["id", "n"])),
    }),
    done: "not exists (select from things) and (select count(*) from others) = 1000",
  },
  "an SQL job moves, and rows stay": {
    verb: "delete",
    on: "things",
    job: defineSqlJob({
      name: "w",
      source: rowsOf(things, { where: sql`true` }),
      sink: move(things, insertInto(others, { id: sql`id`, n: sql`1` })),
    }),
    done: "not exists (select from things) and (select count(*) from others) = 1000",
  },
};

test.for(Object.entries(cases))(
  "%s: a write that a trigger swallows is counted as swallowed, and done when the trigger lets it pass (A1)",
  async ([, { verb, on, job, done }]) => {
    await database.query(`create trigger hold before ${verb} on ${on} for each row execute function hold()`);
    const first = await runJob(job, options());
    expect(first).toMatchObject({ status: "failed", stopReason: "swallowed" });
    expect(first.rows).toMatchObject({
      written: 500,
      unchanged: 0,
      swallowed: 500,
      rejected: 0,
      conflicted: 0,
    });
    expect(first.message).toContain(
      `500 rows were to be written and were not: a trigger of ${on} (hold) swallowed the writes.`,
    );
    expect(exitCodeOf(first)).toBe(4);
    const listed = await database.query("select key[1]::integer % 2 as odd, sqlstate from tidefill.reject");
    expect(listed).toHaveLength(500);
    expect(listed.every(({ odd, sqlstate }) => odd === 0 && sqlstate === "09000")).toBe(true);
    // Typed again without a change, it stays as it is.
    const again = await resumeRun(job, "w", options());
    expect(again).toMatchObject({ status: "failed", stopReason: "swallowed", rows: { swallowed: 500 } });
    await database.query("drop function hold() cascade");
    const second = await resumeRun(job, "w", options());
    expect(second).toMatchObject({ status: "succeeded" });
    expect(second.rows).toMatchObject({ written: 1000, swallowed: 0, rejected: 0 });
    expect((await database.query(`select ${done} as done`))[0]).toEqual({ done: true });
  },
);

test("a move whose target swallows rows keeps these in the source, and takes the others (A1)", async () => {
  await database.query(`
    delete from things where id > 40;
    create trigger hold before insert on others for each row execute function hold()`);
  const job = cases["a row job moves, and rows stay"]!.job;
  const report = await runJob(job, options());
  expect(report).toMatchObject({
    status: "failed",
    stopReason: "swallowed",
    rows: { written: 20, swallowed: 20 },
  });
  const [left] = await database.query(
    "select (select count(*) from things)::integer as things, (select count(*) from others)::integer as others",
  );
  expect(left).toEqual({ things: 20, others: 20 });
});

test("a trigger that drops only writes without a change swallows nothing (A1)", async () => {
  await database.query(
    "create trigger same before update on things for each row execute function suppress_redundant_updates_trigger()",
  );
  for (const [name, { job }] of Object.entries(cases)) {
    if (!name.includes("updates")) continue;
    const run = (): Promise<RunReport> => runJob(job, { ...options(), again: true });
    expect((await run()).rows).toMatchObject({ written: 1000, swallowed: 0 });
    expect((await run()).rows).toMatchObject({ written: 0, swallowed: 0 });
    await database.query("update things set n = null");
  }
});

test("a verify finds the rows whose writes a trigger swallowed (A1)", async () => {
  await database.query("create trigger hold before update on things for each row execute function hold()");
  const { job } = cases["an SQL job updates"]!;
  await runJob(job, options());
  expect((await verifyRun(job, options())).rows).toMatchObject({ conflicted: 500 });
});

test("rows that come into a table whose triggers hand them on are counted, though they cannot be named (A1)", async () => {
  await database.query(`
    drop table others; create table others (id bigint generated by default as identity primary key, n integer);
    create trigger hold before insert on others for each row execute function hold()`);
  const job = defineSqlJob({
    name: "w",
    source: rowsOf(things),
    sink: insertInto(others, { n: sql`1` }),
  });
  const report = await runJob(job, options());
  expect(report).toMatchObject({ status: "succeeded", rows: { written: 500, swallowed: 500, unchanged: 0 } });
  expect(exitCodeOf(report)).toBe(4);
});
