import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import {
  addCheck,
  backupJob,
  contractJob,
  defineSqlJob,
  defineSteps,
  dropColumn,
  dropTable,
  insertInto,
  type Job,
  renameColumn,
  restoreBackup,
  resumeRun,
  rowsOf,
  runJob,
  type Sql,
  type Step,
  setNotNull,
  sql,
  sqlStep,
  table,
  update,
} from "tidefill";
import { beforeEach, describe, expect, test } from "vitest";
import { useDatabase } from "../../support/database.ts";
import { emptyStore } from "../../support/empty-store.ts";

const database = useDatabase();
const options = {
  get connectionString() {
    return database.url;
  },
};
const things = table("things", { key: "id", columns: { id: "bigint", n: "integer?", old: "text?" } });
const widen = sqlStep({ name: "widen", up: sql`alter table public.things alter n type bigint`, down: null });
const wipe = sqlStep({ name: "wipe", up: sql`update public.things set old = 'gone'`, down: null });

beforeEach(async () => {
  await database.query(`${emptyStore}; drop table if exists things`);
  await database.query("create table things (id bigint primary key, n integer, old text)");
  await database.query(
    "insert into things select g, null, 'o' from generate_series(1, 300) g; analyze things",
  );
});

async function overwritten(): Promise<unknown> {
  const [row] = await database.query("select count(*)::integer as n from things where old = 'gone'");
  return row?.n;
}

describe("contract steps that would harm a live table", () => {
  const filling = (contract: readonly (typeof wipe)[]) =>
    defineSqlJob({
      name: "fill",
      source: rowsOf(things, { pending: sql`n is null` }),
      sink: update(things, { n: sql`1` }),
      contract,
    });

  test("refuse the run before its first row, also without steps before the rows", async () => {
    for (const job of [defineSteps({ name: "steps", contract: [widen, wipe] }), filling([widen, wipe])]) {
      await expect(runJob(job, options)).rejects.toMatchObject({ check: "sql-is-safe" });
      expect(await database.query("select from things where n is not null")).toEqual([]);
    }
    expect(await overwritten()).toBe(0);
  });

  test("and were added after the rows began are left waiting, and contract refuses them", async () => {
    const controller = new AbortController();
    const first = await runJob(filling([]), {
      ...options,
      signal: controller.signal,
      onEvent: ({ type }) => type === "run started" && controller.abort(),
    });
    expect(first.status).toBe("interrupted");
    const report = await resumeRun(filling([wipe]), "fill", { ...options, acceptChanges: true });
    expect(report).toMatchObject({
      status: "succeeded",
      contract: { done: 0, open: ["wipe"], problem: expect.stringContaining("wipe") },
    });
    await expect(contractJob(filling([wipe]), options)).rejects.toMatchObject({ check: "sql-is-safe" });
    expect(await overwritten()).toBe(0);
  });
});

describe("contract steps after an insert whose rows cannot be found again", () => {
  const copies = table("copies", { key: "id", columns: { id: "bigint", old: "text" } });
  const copying = (more: object = {}) =>
    defineSqlJob({
      name: "copy",
      source: rowsOf(things),
      sink: insertInto(copies, { old: sql`old` }),
      contract: [setNotNull("copies", "old")],
      ...more,
    });
  const rule = (query: Sql) => ({ integrity: [{ name: "each has its copy", query }] });

  beforeEach(async () => {
    await database.query("drop table if exists copies");
    await database.query(
      "create table copies (id bigint generated always as identity primary key, old text)",
    );
  });

  test("wait, and are done once the author has added an integrity query", async () => {
    const report = await runJob(copying(), options);
    expect(report).toMatchObject({
      status: "succeeded",
      contract: { done: 0, problem: expect.stringContaining("`integrity`") },
    });
    await expect(contractJob(copying(), options)).rejects.toMatchObject({ check: "run-is-verified" });
    const broken = rule(sql`select from copies where old = 'o'`);
    await expect(contractJob(copying(broken), options)).rejects.toThrow(/each has its copy/);
    const held = rule(sql`select where (select count(*) from copies) <> (select count(*) from things)`);
    expect(await contractJob(copying(held), options)).toMatchObject({ done: 1, open: [], problem: null });
  });
});

test("run and resume both go on with a last step that has failed", async () => {
  const job = defineSteps({
    name: "last",
    contract: [addCheck("things", "short", sql`length(old) < 2`), setNotNull("things", "old")],
  });
  await database.query("update things set old = 'too long' where id = 7");
  await expect(runJob(job, options)).rejects.toThrow(/short/);
  await expect(resumeRun(job, "last", options)).rejects.toThrow(/short/);
  await database.query("update things set old = 'o', n = 1 where id = 7");
  expect(await runJob(job, options)).toMatchObject({ run: 1, contract: { done: 2, open: [] } });
  await expect(runJob(job, options)).rejects.toMatchObject({ check: "not-done-already" });
  await expect(resumeRun(job, "last", options)).rejects.toMatchObject({ check: "run-is-unfinished" });
});

test.each([dropColumn("things", "n"), dropTable("things"), renameColumn("things", "n", "m")])(
  "$name is allowed only after the rows, where its checks are",
  (step) => {
    expect(() => defineSteps({ name: "early", expand: [step] })).toThrow(/removes something/);
    expect(() => defineSteps({ name: "late", contract: [step] })).not.toThrow();
  },
);

test("a backup before a column is dropped holds all rows, including those that the job did not write", async () => {
  const directory = join(await mkdtemp(join(tmpdir(), "tidefill-backup-")), "kept");
  const job = defineSqlJob({
    name: "fill-and-drop",
    source: rowsOf(things, { where: sql`id <= 50`, pending: sql`n is null` }),
    sink: update(things, { n: sql`1` }),
    contract: [dropColumn("things", "old")],
  });
  await runJob(job, options);
  await expect(contractJob(job, options)).rejects.toMatchObject({ check: "backup-is-there" });
  expect(await backupJob(job, { ...options, directory })).toMatchObject({ rows: 300 });
  expect(await contractJob(job, options)).toMatchObject({ done: 1 });
  await database.query("alter table things add old text");
  await restoreBackup(directory, { ...options, overwrite: true });
  expect(await database.query("select from things where old = 'o'")).toHaveLength(300);
  await rm(dirname(directory), { recursive: true });
});

test("a job of steps alone has its backup too, of the one table from which it drops", async () => {
  const parent = await mkdtemp(join(tmpdir(), "tidefill-backup-"));
  const job = (name: string, ...contract: readonly Step[]) => defineSteps({ name, contract });
  const backup = (of: Job) => backupJob(of, { ...options, directory: join(parent, of.name) });
  const column = job("drop-column", dropColumn("public.things", "old"));
  await runJob(column, options);
  await expect(contractJob(column, options)).rejects.toMatchObject({ check: "backup-is-there" });
  expect(await backup(column)).toMatchObject({ kind: "touched columns", rows: 300 });
  expect(await contractJob(column, options)).toMatchObject({ done: 1 });

  const whole = job("drop-table", dropTable("things"));
  await runJob(whole, options);
  expect(await backup(whole)).toMatchObject({ kind: "whole rows", rows: 300 });
  expect(await contractJob(whole, options)).toMatchObject({ done: 1 });
  expect(await database.query("select to_regclass('things') as is")).toEqual([{ is: null }]);

  const two = job("two", dropTable("a"), dropColumn("b", "c"));
  await runJob(two, options);
  await expect(backup(two)).rejects.toThrow(/a backup covers one table/);
  await expect(contractJob(two, options)).rejects.toMatchObject({ check: "backup-is-there" });
  await rm(parent, { recursive: true });
});
