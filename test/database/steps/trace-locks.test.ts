import pg from "pg";
import {
  addCheck,
  addColumn,
  addForeignKey,
  createIndex,
  createTable,
  defineSteps,
  dropColumn,
  type Job,
  renameColumn,
  setNotNull,
  sql,
  sqlStep,
} from "tidefill";
import { beforeEach, expect, test } from "vitest";
import { createPool } from "../../../src/postgres/connection/create-pool.ts";
import { Database } from "../../../src/postgres/transaction/database.ts";
import { type TracedStatement, traceLocks } from "../../../src/steps/trace-locks.ts";
import { urlOf, useDatabase } from "../../support/database.ts";

const database = useDatabase();

beforeEach(async () => {
  await database.query("drop schema if exists things cascade; create schema things");
  await database.query("create table things.p (id bigint primary key)");
  await database.query("create table things.t (id bigint primary key, n integer, old text)");
  await database.query("insert into things.t values (1, null, 'a')");
});

const given: Job = defineSteps({
  name: "traced",
  expand: [
    addColumn("things.t", "m", "text"),
    addCheck("things.t", "n_above", sql`n > 0`),
    addForeignKey("things.t", "t_p", { columns: ["id"], references: sql`things.p (id)` }),
    setNotNull("things.t", "n"),
    createIndex("t_n", { on: "things.t", by: sql`n` }),
    createTable("things.u", sql`create table things.u (id bigint primary key references things.p)`),
    addCheck("things.u", "u_above", sql`id > 0`),
    sqlStep({
      name: "fill",
      up: sql`update things.t set m = 'x' where id = (select min(id) from things.q)`,
      down: null,
    }),
    sqlStep({ name: "wrong", up: sql`select wrong from things.t`, down: null }),
  ],
  contract: [renameColumn("things.t", "old", "new"), dropColumn("things.t", "m")],
});

async function traced(): Promise<readonly TracedStatement[]> {
  const pool = createPool({
    connectionString: urlOf(database.name),
    applicationName: "trace",
    maxConnections: 2,
  });
  const db = new Database(pool);
  try {
    return await traceLocks(
      db,
      given,
      [...given.expand, ...given.contract].map(({ name }) => name),
    );
  } finally {
    await db.close();
  }
}

async function state(): Promise<unknown> {
  return database.query(
    "select oid, relname, relfilenode from pg_class where relnamespace = 'things'::regnamespace order by 1",
  );
}

test("each statement's own locks are listed, even when a session uses the tables and a row violates a new constraint", async () => {
  await database.query("create table things.q (id bigint)");
  const before = await state();
  const holder = new pg.Client({ connectionString: database.url });
  await holder.connect();
  await holder.query("begin; select from things.t, things.p; update things.t set n = n");
  const found = await traced();
  await holder.end();
  const shown = found.map(({ step, locks, problem }) => [
    step,
    ...(locks ?? ["not traced"]).map((lock) =>
      typeof lock === "string" ? lock : `${lock.mode} on ${lock.relation}`,
    ),
    ...(problem === null || locks === null ? [] : [problem]),
  ]);
  const exclusive = "AccessExclusiveLock on things.t";
  const validating = "ShareUpdateExclusiveLock on things.t";
  expect(shown).toEqual([
    ["add column things.t.m", exclusive],
    ["add check n_above to things.t", exclusive],
    ["add check n_above to things.t", validating],
    [
      "add foreign key t_p to things.t",
      "AccessShareLock on things.p",
      "ShareRowExclusiveLock on things.p",
      "AccessShareLock on things.t",
      "ShareRowExclusiveLock on things.t",
    ],
    [
      "add foreign key t_p to things.t",
      "AccessShareLock on things.p",
      "RowShareLock on things.p",
      "AccessShareLock on things.t",
      validating,
    ],
    ["set things.t.n not null", exclusive],
    ["set things.t.n not null", validating],
    ["set things.t.n not null", exclusive],
    ["set things.t.n not null", exclusive],
    ["create index t_n on things.t", "not traced"],
    [
      "create table things.u",
      "AccessShareLock on things.p",
      "ShareRowExclusiveLock on things.p",
      "AccessExclusiveLock on things.u",
      "AccessShareLock on things.u",
      "ShareLock on things.u",
      "ShareRowExclusiveLock on things.u",
    ],
    ["add check u_above to things.u", "AccessExclusiveLock on things.u"],
    ["add check u_above to things.u", "ShareUpdateExclusiveLock on things.u"],
    ["fill", "AccessShareLock on things.q", "RowExclusiveLock on things.t"],
    ["wrong", expect.stringMatching(/wrong/)],
    ["rename column things.t.old to new", exclusive],
    ["drop column things.t.m", exclusive],
  ]);
  expect(await state()).toEqual(before);
  expect(await database.query("select n from things.t")).toEqual([{ n: null }]);
});
