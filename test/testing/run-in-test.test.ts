import {
  addColumn,
  defineJob,
  defineSqlJob,
  defineSteps,
  dropColumn,
  functionThrottle,
  insertInto,
  reject,
  rows,
  rowsOf,
  runJob,
  sql,
  table,
  UsageError,
  update,
} from "tidefill";
import {
  contractInTest,
  resumeInTest,
  runJobInTest,
  type TestDatabase,
  undoInTest,
  verifyInTest,
  withDatabase,
} from "tidefill/testing";
import { expect, test } from "vitest";
import { useTestServer } from "./server.ts";

useTestServer();

const items = table("item", { key: "id", columns: { id: "bigint", n: "integer", doubled: "integer?" } });

const schema = `create extension pgcrypto;
  create table item (id bigint primary key, n integer not null, doubled integer);
  insert into item select i, i from generate_series(1, 45) i`;

const double = defineJob({
  name: "double",
  source: rowsOf(items, { read: ["n"], pending: sql`doubled is null` }),
  transform: ({ n }) => ({ doubled: 2 * n }),
  sink: update(items, ["doubled"]),
});

async function doubled(database: TestDatabase): Promise<number> {
  const [row] = await database.query<{ rows: number }>(
    "select count(*)::integer as rows from item where doubled = 2 * n",
  );
  return row!.rows;
}

const onItems = (check: (database: TestDatabase) => Promise<unknown>) => withDatabase(check, { schema });

test("a job runs in small batches, stops after some, resumes, is verified and undone", () =>
  onItems(async (database) => {
    const stopped = await runJobInTest(double, { database, stopAfterBatches: 2 });
    expect(stopped).toMatchObject({ status: "interrupted", stopReason: "signal", rows: { written: 20 } });
    expect(await database.query("select max(id) as last from item where doubled is not null")).toEqual([
      { last: 20n },
    ]);
    await expect(runJobInTest(double, { database })).rejects.toThrow("an unfinished run");
    const again = await resumeInTest(double, { database, stopAfterBatches: 1, batchRows: 3 });
    expect(again).toMatchObject({ status: "interrupted", rows: { written: 23 } });
    expect(await resumeInTest(double, { database })).toMatchObject({
      status: "succeeded",
      rows: { written: 45 },
    });
    expect(await doubled(database)).toBe(45);
    // So that two workers both have something to do.
    expect(
      (await database.query("select from tidefill.range where run_id = 1 and sweep = 0")).length,
    ).toBeGreaterThan(1);
    expect(await verifyInTest(double, { database })).toMatchObject({
      kind: "verify",
      rows: { conflicted: 0 },
    });
    await database.query("update item set doubled = 0 where id = 7");
    expect(await verifyInTest(double, { database })).toMatchObject({ rows: { conflicted: 1 } });
    expect(await undoInTest(double, { database })).toMatchObject({ kind: "undo", rows: { conflicted: 1 } });
    expect(await database.query("select id, doubled from item where doubled is not null")).toEqual([
      { id: 7n, doubled: 0 },
    ]);
  }));

test("an unfinished run can be undone", () =>
  onItems(async (database) => {
    await expect(undoInTest(double, { database })).rejects.toThrow("nothing was run here");
    await runJobInTest(double, { database, stopAfterBatches: 1 });
    expect(await undoInTest(double, { database })).toMatchObject({ status: "succeeded" });
    expect(await doubled(database)).toBe(0);
    await expect(undoInTest(double, { database })).rejects.toThrow(UsageError);
  }));

test("batches without a row do not count, and neither do those of the following verify", () =>
  onItems(async (database) => {
    const job = defineJob({
      name: "indexed",
      source: rowsOf(items, { read: ["n"], pending: sql`doubled is null` }),
      transform: ({ n }) => ({ doubled: 2 * n }),
      sink: update(items, ["doubled"]),
      contract: [addColumn("item", "afterwards", "text")],
    });
    await database.query("update item set doubled = 2 * n where id <= 20");
    const stopped = await runJobInTest(job, { database, stopAfterBatches: 2 });
    expect(stopped).toMatchObject({ status: "interrupted", rows: { written: 20 } });
    const whole = await resumeInTest(job, { database, stopAfterBatches: 2 });
    expect(whole).toMatchObject({ status: "succeeded", contract: { done: 1, open: [] } });
  }));

test("destructive steps wait for contractInTest, and need no backup in a test", () =>
  onItems(async (database) => {
    const job = defineSqlJob({
      name: "replace-n",
      expand: [addColumn("item", "square", "integer")],
      source: rowsOf(
        table("item", { key: "id", columns: { id: "bigint", n: "integer", square: "integer?" } }),
        {
          pending: sql`square is null`,
        },
      ),
      sink: update(table("item", { key: "id", columns: { id: "bigint", square: "integer?" } }), {
        square: sql`n * n`,
      }),
      contract: [dropColumn("item", "doubled")],
    });
    expect(await runJobInTest(job, { database })).toMatchObject({ contract: { done: 0 } });
    expect(await contractInTest(job, { database })).toMatchObject({ done: 1, open: [] });
    expect(await database.query("select * from item where id = 6")).toEqual([{ id: 6n, n: 6, square: 36 }]);
  }));

test("the steps of a job are undone with the job", () =>
  onItems(async (database) => {
    const job = defineSteps({ name: "add-note", expand: [addColumn("item", "note", "text")] });
    const noted = () => database.query("select from information_schema.columns where column_name = 'note'");
    await runJobInTest(job, { database });
    expect(await noted()).toHaveLength(1);
    await undoInTest(job, { database });
    expect(await noted()).toHaveLength(0);
  }));

test("settings that only matter in production neither hold nor refuse a test", () =>
  onItems(async (database) => {
    const job = defineJob({
      name: "held",
      source: rowsOf(items, { read: ["n"] }),
      transform: ({ n }) => ({ doubled: 2 * n }),
      sink: update(items, ["doubled"]),
      pace: { window: "Mon 03:00-03:01 UTC", rowsPerSecond: 1 },
      throttles: [functionThrottle({ name: "never", max: 1, read: () => 2 })],
      undoable: false,
      backup: { check: () => false },
    });
    expect(await runJobInTest(job, { database })).toMatchObject({
      status: "succeeded",
      rows: { written: 45 },
    });
  }));

test("no signal holds a run that is declared to be in a test", () =>
  onItems(async (database) => {
    const job = defineJob({
      name: "held",
      source: rowsOf(items, { read: ["n"] }),
      transform: ({ n }) => ({ doubled: 2 * n }),
      sink: update(items, ["doubled"]),
      pace: { window: "Mon 03:00-03:01 UTC" },
      throttles: [functionThrottle({ name: "never", max: 1, read: () => 2 })],
    });
    const { connectionString } = database;
    const report = await runJob(job, { connectionString, workers: 1, inTest: { batchRows: 5 } });
    expect(report).toMatchObject({ status: "succeeded", rows: { written: 45 } });
  }));

test("a job about persons needs no key in a test, and its undo log can be decrypted", () =>
  onItems(async (database) => {
    const job = defineJob({
      name: "about-persons",
      personalData: true,
      source: rowsOf(items, { read: ["n"] }),
      transform: ({ n }) => ({ doubled: 2 * n }),
      sink: update(items, ["doubled"]),
    });
    expect(await runJobInTest(job, { database })).toMatchObject({ status: "succeeded" });
    await undoInTest(job, { database });
    expect(await doubled(database)).toBe(0);
  }));

test("parameters, rejects and inline rows work as in any run", () =>
  onItems(async (database) => {
    const job = defineJob({
      name: "seed",
      parameters: { factor: "integer" },
      source: rows([{ id: 101n }, { id: 102n }], { columns: { id: "bigint" } }),
      transform: ({ id }, { parameters }) =>
        id === 101n ? { id, n: parameters.factor } : reject("not this one"),
      sink: insertInto(items, ["id", "n"]),
    });
    const report = await runJobInTest(job, { database, parameters: { factor: 3 } });
    expect(report).toMatchObject({ status: "succeeded", rows: { written: 1, rejected: 1 } });
    expect(await database.query("select n from item where id > 100")).toEqual([{ n: 3 }]);
    const once = runJobInTest(job, { database, parameters: { factor: 3 } });
    await expect(once).rejects.toThrow("has succeeded already");
    await runJobInTest(job, { database, parameters: { factor: 3 }, again: true });
  }));

test("impossible numbers are refused by their name", () =>
  onItems(async (database) => {
    await expect(runJobInTest(double, { database, stopAfterBatches: 0 })).rejects.toThrow("after 0 batches");
    await expect(runJobInTest(double, { database, batchRows: 0.5 })).rejects.toThrow(
      "batchRows must be a whole number",
    );
  }));
