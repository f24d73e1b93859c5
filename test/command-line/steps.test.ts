import pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { useDatabase } from "../support/database.ts";
import { emptyStore } from "../support/empty-store.ts";
import { CommandLine, outcomeOf } from "../support/tidefill.ts";
import { until } from "../support/until.ts";

const database = useDatabase();
let tidefill: CommandLine;

beforeAll(async () => {
  tidefill = await CommandLine.open(database.url, {
    "index.ts": `import { createIndex, defineSteps, sql } from "tidefill";
export default defineSteps({ name: "index", expand: [createIndex("t_n", { on: "public.t", by: sql\`n\` })] });`,
    "check.ts": `import { addCheck, defineSteps, sql } from "tidefill";
export default defineSteps({ name: "check", expand: [addCheck("public.t", "above", sql\`n > 1\`)] });`,
  });
});
beforeEach(() =>
  database.query(
    `${emptyStore}; drop table if exists t; create table t (id bigint primary key, n integer); insert into t values (1, 1)`,
  ),
);
afterEach(() => tidefill.killAll());
afterAll(() => tidefill.close());

test("a waiting index build names the blocking session; SIGINT stops it with 75, and the same command goes on", async () => {
  const writer = new pg.Client({ connectionString: database.url, application_name: "a writer" });
  await writer.connect();
  await writer.query("begin; delete from t where id = 1");
  const child = tidefill.start("run", "index");
  child.stdin.end();
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  const outcome = outcomeOf(child);
  await until(async () => said.includes("(a writer)"), { describe: "the blocking session's name" });
  child.kill("SIGINT");
  const { code, stderr } = await outcome;
  expect(code).toBe(75);
  expect(stderr).toMatch(/was stopped[\s\S]*again: it continues here/);
  await writer.end();
  expect((await tidefill.run("run", "index")).code).toBe(0);
});

test("a check constraint that a row breaks says what it has left, and how to undo that", async () => {
  const { code, stderr } = await tidefill.run("run", "check");
  expect(code).toBe(1);
  expect(stderr).toMatch(/constraint above of public\.t, not valid, which refuses new rows that break it/);
  expect(stderr).toMatch(/tidefill undo --to/);
  expect((await tidefill.run("undo", "--to", "nothing", "--yes")).code).toBe(0);
  expect(await database.query("select from pg_constraint where conname = 'above'")).toEqual([]);
});
