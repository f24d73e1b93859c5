import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { useDatabase } from "../support/database.ts";
import type { CommandLine } from "../support/tidefill.ts";
import { fillCounters, increment, openCommandLine } from "./fixtures.ts";

const database = useDatabase();
let tidefill: CommandLine;

beforeAll(async () => {
  tidefill = await openCommandLine(database);
});
beforeEach(async () => fillCounters(database, 1_000));
afterAll(async () => tidefill.close());

test("run installs the schema, does the job, and ends with the report of status", async () => {
  const { code, value } = await tidefill.json("run", "increment");
  expect(code).toBe(0);
  expect(value).toMatchObject({
    run: 1,
    job: "increment",
    status: "succeeded",
    stopReason: "finished",
    progress: 1,
  });
  expect(value.rows).toMatchObject({ read: 1_000, written: 1_000, skipped: 0, rejected: 0 });
  const status = await tidefill.json("status", "increment");
  expect(Object.keys(status.value)).toEqual(Object.keys(value));
  expect(status.value.rows).toEqual(value.rows);
  expect(await database.query("select min(n), max(n) from counters")).toEqual([{ min: 1, max: 1 }]);
});

test("run of a job that has succeeded asks for --again", async () => {
  await tidefill.run("run", "increment");
  const again = await tidefill.run("run", "increment");
  expect(again).toMatchObject({ code: 3, stdout: "" });
  expect(again.stderr).toContain("has succeeded already");
  expect(again.stderr).toContain("tidefill run increment --again");
  expect((await tidefill.run("run", "increment", "--again")).code).toBe(0);
  expect(await database.query("select min(n), max(n) from counters")).toEqual([{ min: 2, max: 2 }]);
});

test("rejects give exit code 4 and are listed by key and reason", async () => {
  const { code, value } = await tidefill.json("run", "label", "--param", "word=a=b", "--param", "poison=7");
  expect(code).toBe(4);
  expect(value.rows).toMatchObject({ read: 1_000, written: 899, skipped: 100, rejected: 1 });
  expect(await database.query("select count(*)::integer from counters where label = 'a=b'")).toEqual([
    { count: 899 },
  ]);
  const rejects = await tidefill.json("rejects", "label");
  expect(rejects.value).toMatchObject({
    total: 1,
    rejects: [{ key: ["7"], sqlstate: null, reason: "it is poison" }],
  });
  expect((await tidefill.run("rejects", "1")).stdout).toContain("it is poison");
});

test("the reject limit stops the run, and a higher limit lets it go on", async () => {
  const stopped = await tidefill.json(
    "run",
    "label",
    "--param",
    "word=x",
    "--param",
    "poison=7",
    "--reject-limit",
    "0",
  );
  expect(stopped).toMatchObject({ code: 1, value: { status: "failed", stopReason: "reject-limit" } });
  const resumed = await tidefill.json("resume", "label", "--reject-limit", "1");
  expect(resumed).toMatchObject({
    code: 4,
    value: { status: "succeeded", rows: { written: 899, rejected: 1 } },
  });
});

test("wrong usage is reported, and nothing is started", async () => {
  const cases: readonly (readonly [readonly string[], string])[] = [
    [["run", "nope"], 'There is no job "nope"'],
    [["run", "label"], "word: missing"],
    [
      ["run", "label", "--param", "word=x", "--param", "poison=seven"],
      "poison: the given value is not a bigint",
    ],
    [["run", "label", "--param", "wrod=x"], "wrod: this job has no such parameter"],
    [["run", "increment", "--workers", "none"], "--workers wants a whole number"],
    [["run", "increment", "--workers", "0"], "from 1 to 64"],
    [["run", "increment", "--lease", "soon"], '"soon" is not a duration'],
    [["run", "increment", "--colour"], "There is no option --colour here"],
    [["rnu"], "Did you mean run?"],
    [[], "Name a command"],
  ];
  for (const [parameters, message] of cases) {
    const { code, stderr, stdout } = await tidefill.run(...parameters);
    expect({ parameters, code, stdout }).toEqual({ parameters, code: 2, stdout: "" });
    expect(stderr).toContain(message);
  }
  expect(await database.query("select to_regclass('tidefill.run') as run")).toEqual([{ run: null }]);
});

test("a check refuses with exit code 3, and with --json the error is one object", async () => {
  await database.query("alter table counters alter column n type bigint");
  const { code, value } = await tidefill.json("run", "increment");
  expect(code).toBe(3);
  expect(value).toMatchObject({
    error: { code: "refused", remedy: 'Write n: "bigint" in the table\'s description.' },
  });
});

test("resume refuses a job whose code has changed, unless the change is accepted", async () => {
  await tidefill.run("run", "label", "--param", "word=x", "--param", "poison=7", "--reject-limit", "0");
  await tidefill.write(
    "tables.ts",
    `${'import { table } from "tidefill";'}
export const counters = table("counters", { key: "id", columns: { id: "bigint", n: "integer?", label: "text?" } });\n`,
  );
  const refused = await tidefill.run("resume", "label", "--reject-limit", "5");
  expect(refused.code).toBe(3);
  expect(refused.stderr).toContain("tables.ts: counters changed");
  expect((await tidefill.run("resume", "label", "--reject-limit", "5", "--accept-changes")).code).toBe(4);
});

test("list shows the jobs and the last run of each, and names files that it could not load", async () => {
  await tidefill.write("broken.ts", increment.replace("transform", "trans form"));
  await tidefill.run("run", "increment");
  const { stdout, stderr, code } = await tidefill.run("list");
  expect(code).toBe(0);
  expect(stdout).toMatch(/increment +row job +1 +succeeded/);
  expect(stdout).toMatch(/label +row job +– +pending/);
  expect(stdout).not.toContain("tables");
  expect(stderr).toContain("broken.ts could not be loaded");
});

test("schema print, install and uninstall do what they say", async () => {
  const printed = await tidefill.run("schema", "print");
  expect(printed.stdout).toContain('create table "tidefill".run');
  expect((await tidefill.run("schema", "install")).stderr).toContain("Installed");
  expect((await tidefill.run("schema", "install")).stderr).toContain("is already installed");
  expect((await tidefill.run("schema", "uninstall")).code).toBe(2);
  expect((await tidefill.run("schema", "uninstall", "--yes")).code).toBe(0);
  expect((await tidefill.run("status")).stderr).toContain("is not in this database");
});

test("schema uninstall leaves foreign objects in a shared schema", async () => {
  await database.query("drop schema if exists shared cascade");
  await database.query("create schema shared");
  await database.query("create table shared.precious as select 1 as one");
  await tidefill.run("run", "increment", "--schema", "shared");
  expect((await tidefill.run("schema", "uninstall", "--yes", "--schema", "shared")).code).toBe(0);
  expect(
    await database.query("select table_name from information_schema.tables where table_schema = 'shared'"),
  ).toEqual([{ table_name: "precious" }]);
});

test("plan prints the statements and what they touch, and writes nothing", async () => {
  await database.query("create index on counters (label)");
  const { code, stdout } = await tidefill.run("plan", "label", "--sql", "--param", "word=x");
  expect(code).toBe(0);
  expect(stdout).toContain('update "public"."counters"');
  expect(stdout).toContain('"counters".ctid, "counters".xmin');
  // the limits of a batch, and the fence
  expect(stdout).toContain("pg_catalog.set_config('lock_timeout', '125', true)");
  expect(stdout).toMatch(/set checkpoint = [\s\S]*and token = /);
  expect(stdout).toContain("counters_label_idx (btree)");
  expect(stdout).toContain("Index Scan");
  expect(await database.query("select to_regclass('tidefill.run') as run")).toEqual([{ run: null }]);
});
