import pg from "pg";
import { afterAll, beforeEach, expect, test } from "vitest";
import { useDatabase } from "../support/database.ts";
import { CommandLine, outcomeOf } from "../support/tidefill.ts";
import { until } from "../support/until.ts";

const database = useDatabase();

const tables = `import { table } from "tidefill";
export const notes = table("notes", { key: "id", columns: { id: "bigint", body: "text", n: "integer", b: "integer?" } });`;

/** Adds one to each row: a row that is done twice shows. */
const add = (name: string, more = "") => `import { defineSqlJob, rowsOf, sql, update } from "tidefill";
import { notes } from "./tables.ts";
export default defineSqlJob({
  name: "${name}",
  source: rowsOf(notes),
  sink: update(notes, { n: sql\`n + 1\` }),
  ${more}
});`;
const column = (
  name: string,
  column: string,
  more = "",
) => `import { addColumn, defineSteps } from "tidefill";
export default defineSteps({ name: "${name}", expand: [addColumn("notes", "${column}", "integer")], ${more} });`;
const index = `import { createIndex, defineSteps, sql } from "tidefill";
export default defineSteps({
  name: "index",
  contract: [createIndex("notes_body", { on: "notes", by: sql\`md5(body)\` })],
});`;

let tidefill: CommandLine;

beforeEach(async () => {
  await tidefill?.close();
  await database.query("drop schema if exists tidefill cascade; drop table if exists notes cascade");
  await database.query(
    "create table notes (id bigint primary key, body text not null, n integer not null default 0)",
  );
  await database.query("insert into notes select g, 'x' from generate_series(1, 2000) g; analyze notes");
  tidefill = await CommandLine.open(database.url, { "tables.ts": tables });
});
afterAll(() => tidefill.close());

async function write(jobs: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(jobs)) await tidefill.write(`${name}.ts`, text);
}

async function done(...parameters: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await tidefill.run(...parameters);
  expect(code, stderr).toBe(0);
  return stdout + stderr;
}

test("up goes on after it was killed during the contract steps", async () => {
  await write({ index });
  const writer = new pg.Client({ connectionString: database.url, application_name: "test" });
  await writer.connect();
  await writer.query("begin; update notes set body = 'y' where id = 1");
  const child = tidefill.start("up");
  const ended = outcomeOf(child);
  await until(
    async () =>
      (
        await database.query(
          "select from pg_stat_activity where datname = current_database() and query ilike '%index concurrently%' and wait_event_type = 'Lock'",
        )
      ).length > 0,
    { describe: "an index that is being built" },
  );
  child.kill("SIGKILL");
  await ended;
  await writer.query("rollback");
  await writer.end();
  expect((await tidefill.json("up", "--dry-run")).value).toMatchObject({
    pending: [{ job: "index", state: "succeeded", contract: ["create index notes_body on notes"] }],
  });
  await done("up");
  expect(
    await database.query("select indisvalid from pg_index where indexrelid = 'notes_body'::regclass"),
  ).toEqual([{ indisvalid: true }]);
  expect(await done("up")).toContain("Nothing is pending.");
});

test("up runs the jobs in their order, only as far as told, and not twice", async () => {
  await write({
    "a-last": add("a-last", 'after: ["c-first"]'),
    "b-second": add("b-second"),
    "c-first": column("c-first", "b"),
  });
  const { value } = await tidefill.json("up", "--dry-run", "--to", "a-last");
  expect((value.pending as { job: string }[]).map(({ job }) => job)).toEqual(["c-first", "a-last"]);
  expect(await database.query("select to_regclass('tidefill.run') is null as untouched")).toEqual([
    { untouched: true },
  ]);
  const [first, second] = await Promise.all([tidefill.run("up"), tidefill.run("up")]);
  // One works; the other has joined it or names the process that works.
  expect([first.code, second.code], first.stderr + second.stderr).toContain(0);
  for (const { code, stderr } of [first, second])
    if (code !== 0)
      expect(stderr, stderr).toMatch(/steps of|unfinished run|succeeded already|joined|Others|has ended/);
  await done("up");
  expect(await database.query("select job from tidefill.run where kind = 'run' order by id")).toEqual(
    ["c-first", "a-last", "b-second"].map((job) => ({ job })),
  );
  expect(await database.query("select distinct n from notes")).toEqual([{ n: 2 }]);
});

test("a cycle and an unknown job are reported, and nothing is begun", async () => {
  await write({ a: column("a", "b", 'after: ["b"]'), b: column("b", "c", 'after: ["a"]') });
  const circle = await tidefill.run("up");
  expect(circle).toMatchObject({ code: 2, stderr: expect.stringContaining("a → b → a") });
  await write({ b: column("b", "c", 'after: ["c"]') });
  const missing = await tidefill.run("up");
  expect(missing).toMatchObject({ code: 2, stderr: expect.stringContaining('The job b comes after "c"') });
  expect(missing.stderr).toContain("Was it renamed?");
  expect(await database.query("select to_regclass('tidefill.run') is null as untouched")).toEqual([
    { untouched: true },
  ]);
});

test("undo --to undoes what was done after a job, and goes on after it was killed", async () => {
  await write({ z: column("z", "b"), "a-other": add("a-other") });
  await done("run", "z");
  await done("run", "a-other");
  await write({ m: add("m", 'after: ["z"]') });
  await done("up");
  expect(await database.query("select distinct n from notes")).toEqual([{ n: 2 }]);
  // It sorts before m and was done before it; both jobs after z were done later.
  expect(await done("undo", "--to", "a-other", "--yes")).not.toContain("a-other:");
  expect(await database.query("select distinct n from notes")).toEqual([{ n: 1 }]);
  await done("up");

  const blocker = new pg.Client({ connectionString: database.url, application_name: "test" });
  await blocker.connect();
  await blocker.query("begin; select from notes where id = 1990 for update");
  const child = tidefill.start("undo", "--to", "nothing", "--yes", "--workers", "1", "--lease", "1s");
  const ended = outcomeOf(child);
  await until(
    async () =>
      (
        await database.query(
          "select from tidefill.range g join tidefill.run r on r.id = run_id where r.kind = 'undo' and r.status = 'running' and rows_written > 0",
        )
      ).length > 0,
    { describe: "an undo that has done a part" },
  );
  child.kill("SIGKILL");
  await ended;
  await blocker.query("rollback");
  await blocker.end();
  expect((await done("list")).replaceAll(/ +/g, " ")).toMatch(/^m sql .*partly undone/m);
  const up = await tidefill.run("up");
  expect(up).toMatchObject({ code: 3, stderr: expect.stringContaining("tidefill undo m") });
  await write({ later: add("later", 'after: ["m"]') });
  const later = await tidefill.run("run", "later");
  expect(later).toMatchObject({ code: 3, stderr: expect.stringContaining("has undone a part") });
  await done("undo", "--to", "nothing", "--yes");
  expect(await database.query("select to_jsonb(t) as row from notes t where id = 7")).toEqual([
    { row: { id: 7, body: "x", n: 0 } },
  ]);
  expect(await database.query("select distinct n from notes")).toEqual([{ n: 0 }]);
  expect(await database.query("select from tidefill.step")).toEqual([]);
  expect(await done("undo", "--to", "nothing", "--yes")).toContain("There is nothing to undo after");
});

test("undo --to checks everything that it has to undo before it touches the first job", async () => {
  await write({ a: column("a", "b"), b: add("b", 'after: ["a"]'), c: column("c", "c", 'after: ["b"]') });
  await done("up");
  await write({ a: column("a", "other") });
  const refused = await tidefill.run("undo", "--to", "nothing", "--yes");
  expect(refused).toMatchObject({ code: 3, stderr: expect.stringContaining("add column notes.b") });
  expect(await database.query("select distinct n, c from notes")).toEqual([{ n: 1, c: null }]);
  const unknown = await tidefill.run("undo", "--to", "d", "--yes");
  expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining('There is no job "d"') });
});

test("a renamed job is not done a second time", async () => {
  await write({ "c-insert": add("c-insert"), "a-steps": column("a-steps", "b") });
  await done("up");
  for (const name of ["c-insert", "a-steps"]) await tidefill.remove(`${name}.ts`);
  await write({ "c-inserted": add("c-inserted"), "other-steps": column("other-steps", "b") });
  const up = await tidefill.run("up");
  expect(up).toMatchObject({ code: 3, stderr: expect.stringContaining("other-steps does exactly the same") });
  expect(await database.query("select distinct n from notes")).toEqual([{ n: 1 }]);
  expect(await done("list")).toMatch(/^a-steps .*its file is gone; renamed to other-steps\?/m);
  const { stdout } = await tidefill.run("check");
  expect(stdout.match(/^[a-z-]+/gm)).toEqual(["pending-job", "pending-job", "renamed-job", "renamed-job"]);
  // A job that is named explicitly runs anyway; files of jobs that are done may be removed.
  await done("run", "c-inserted");
  await tidefill.remove("other-steps.ts");
  expect(await done("up")).toContain("Nothing is pending.");
  expect((await tidefill.run("check")).code).toBe(0);
});
