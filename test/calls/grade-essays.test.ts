import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { runJob, undoRun, verifyRun } from "tidefill";
import { afterEach, beforeEach, expect, test } from "vitest";
import gradeEssays from "../../jobs/grade-essays.ts";
import { createSampleSchool } from "../../src/cli/demo/create-sample-school.ts";
import { feedbackOn, MockModel } from "../../src/cli/demo/mock-model.ts";
import { Page, root } from "../documents/markdown.ts";
import { useDatabase } from "../support/database.ts";
import { expectOpenConnections } from "../support/leaks.ts";
import { until } from "../support/until.ts";

const database = useDatabase();
const essays = 300;
let model: MockModel;
let demo: ChildProcess | undefined;

beforeEach(async () => {
  for (const schema of ["tidefill", "public"])
    await database.query(`drop schema if exists ${schema} cascade`);
  await database.query("create schema public");
  model = await MockModel.open({ port: 0, thinkMs: 20 });
});
afterEach(async () => {
  await model.close();
  demo?.kill("SIGKILL");
});

function optionsFor(url: string) {
  return { connectionString: database.url, parameters: { model: url } };
}

/** How many essays have the feedback that belongs to their content. */
async function wellGraded(): Promise<number> {
  const rows = await database.query("select content, feedback from essay_submission_essay");
  return rows.filter(({ content, feedback }) => feedback === feedbackOn(String(content))).length;
}

test("the job that docs/other-systems.md begins with is that of the package", async () => {
  const [shown] = new Page("docs/other-systems.md").code("ts");
  expect(shown).toBe(
    `// jobs/grade-essays.ts\n${await readFile(join(root, "jobs/grade-essays.ts"), "utf8")}`,
  );
});

test("each essay is graded by one call, the model's 429 included, and the run can be verified and undone", async () => {
  await createSampleSchool(database.pool, { essays });
  const report = await runJob(gradeEssays, optionsFor(model.url));
  expect(report).toMatchObject({
    status: "succeeded",
    rows: { written: essays, rejected: 0 },
    calls: { made: essays + 1, failed: 0, cost: { USD: expect.closeTo(0.0004 * essays, 6) } },
  });
  expect(await wellGraded()).toBe(essays);
  expect([model.toldToWait, model.repeated, model.calls - model.toldToWait]).toEqual([1, 0, essays]);
  // A verify asks no model.
  const verified = await verifyRun(gradeEssays, { connectionString: database.url });
  expect(verified).toMatchObject({ status: "succeeded", rows: { read: essays, conflicted: 0 } });
  expect(model.calls - model.toldToWait).toBe(essays);
  await undoRun(gradeEssays.name, { connectionString: database.url });
  expect(await database.query("select from essay_submission_essay where feedback is not null")).toEqual([]);
});

test("without the address of a model nothing begins, and the error says what to give", async () => {
  await createSampleSchool(database.pool, { essays });
  await expect(runJob(gradeEssays, { connectionString: database.url })).rejects.toThrow(
    "model: missing, give it with --param model=…",
  );
});

function startDemo(...parameters: readonly string[]): ChildProcess {
  demo = spawn(process.execPath, [join(root, "bin/tidefill.js"), "demo", ...parameters], {
    env: { ...process.env, DATABASE_URL: database.url, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  return demo;
}

test("demo --school --model keeps a model open until it is stopped, and then says what it was asked", async () => {
  expectOpenConnections();
  const child = startDemo("--school", "--model", "0", "--json");
  let printed = "";
  child.stdout?.setEncoding("utf8").on("data", (part: string) => {
    printed += part;
  });
  const said = text(child.stderr!);
  await until(async () => child.exitCode !== null || printed.trimEnd().endsWith("}"), {
    describe: "the address of the model",
  });
  const made = JSON.parse(printed) as { readonly essays: number; readonly model: string };
  expect(made).toEqual({ essays: 2_000, model: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) });
  await database.query("delete from essay_feedback; delete from essay_submission_essay where id > 60");
  expect(await runJob(gradeEssays, optionsFor(made.model))).toMatchObject({ rows: { written: 60 } });
  expect(await wellGraded()).toBe(60);
  child.kill("SIGINT");
  await once(child, "exit");
  expect(await said).toContain(`tidefill run grade-essays --param model=${made.model}`);
  expect(await said).toContain("60 calls: 0 were told to wait, 0 came again with a key that had its answer.");
  expect(child.exitCode).toBe(0);
});

test("a port that is taken is refused before a school is made", async () => {
  const child = startDemo("--school", "--model", new URL(model.url).port);
  const said = text(child.stderr!);
  await once(child, "exit");
  expect([child.exitCode, await said]).toEqual([
    2,
    expect.stringContaining("for the mock model cannot be used"),
  ]);
  expect(await database.query("select from pg_tables where schemaname = 'public'")).toEqual([]);
});
