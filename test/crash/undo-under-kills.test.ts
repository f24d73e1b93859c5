import { setTimeout as delay } from "node:timers/promises";
import { type Job, type RunReport, resumeRun, runJob, undoRun, verifyRun } from "tidefill";
import { expect, test } from "vitest";
import { useDatabase } from "../support/database.ts";
import { until } from "../support/until.ts";
import { jobCalled } from "./jobs/effects.ts";
import { setCheckpointPace, setPace } from "./programs/counters.ts";
import { type Expected, editAndExpect, requireAsExpected } from "./programs/edits.ts";
import { fillSource } from "./programs/effects.ts";
import { batchCommit, Proxied } from "./programs/proxied.ts";
import { isLong, Random } from "./programs/random.ts";
import { Task } from "./programs/task.ts";
import { finish, killAgainAndAgain } from "./programs/task-process.ts";
import { terminateOne } from "./programs/terminate.ts";

const database = useDatabase();
const proxied = new Proxied(database);
const rows = isLong ? 40_000 : 5_000;
const undone = ["add-by-sql", "delete-by-sql", "insert-many", "move-rows"];
const verified = ["fill-by-sql", "fill-rows"];
const corrupted = [7, 700, 7_000, 14_007, 21_000, 28_000, 34_993];

const options = () => ({ connectionString: database.url, workers: 2 }) as const;

/**
 * Runs the job, edits rows as people would, and returns the number of an undo that has not begun its first
 * batch.
 */
async function runAndEdit(job: Job, random: Random): Promise<{ run: number; expected: Expected }> {
  await fillSource(database, rows);
  expect(await runJob(job, options())).toMatchObject({ status: "succeeded", rows: { rejected: 0 } });
  const expected = await editAndExpect(database, job.name, rows, random);
  const { run } = await undoRun("1", { ...options(), signal: AbortSignal.abort() });
  await database.query("create index on effect (source_id)");
  return { run, expected };
}

async function requireUndone(run: number, expected: Expected): Promise<void> {
  await requireAsExpected(database, expected);
  const [counts] = await database.query(
    `select sum(rows_read)::integer as images, sum(rows_written)::integer as restored,
      sum(rows_conflicted + rows_skipped)::integer as kept, sum(rows_rejected)::integer as rejected
    from tidefill.range where run_id = $1`,
    [run],
  );
  expect(counts).toEqual({
    images: expected.images,
    restored: expected.restored,
    kept: expected.conflicts + expected.gone,
    rejected: 0,
  });
  expect(
    await database.query("select count(*)::integer as listed from tidefill.reject where run_id = $1", [run]),
  ).toEqual([{ listed: expected.conflicts + expected.gone }]);
  expect(await database.query("select status, kind from tidefill.run where id = $1", [run])).toEqual([
    { status: "succeeded", kind: "undo" },
  ]);
}

/** Loses COMMITs and their answers and terminates backends while a task is working. */
async function torment(task: Task, random: Random, faults: number): Promise<void> {
  await task.saw("batch committed");
  for (let lost = 0; lost < faults; lost += 1) {
    const action = lost % 2 === 0 ? "swallow" : "swallow-reply";
    await task.strike(proxied, { match: batchCommit(), after: random.between(1, 2), action });
    const next = task.count("batch committed") + 2;
    await until(async () => task.count("batch committed") >= next || task.failIfOver("it went on"), {
      describe: "it goes on",
      everyMs: 2,
    });
    await delay(random.between(0, 40));
    await terminateOne(database);
  }
}

test.each(undone)(
  "an undo of %s in processes that are killed restores only what was not edited",
  async (name) => {
    const random = new Random(`kills of the undo of ${name}`);
    const { run, expected } = await runAndEdit(jobCalled(name), random);
    await setPace(database, 0.001);
    await setCheckpointPace(database, 0.05);
    const task = { url: database.url, job: name, task: "go on", run } as const;
    const batches = await killAgainAndAgain(database, random, isLong ? 60 : 3, run, task);
    console.info(`undo of ${name}: ${batches} batches under kills`);
    await setPace(database, 0);
    await setCheckpointPace(database, 0);
    await finish(task);
    await requireUndone(run, expected);
  },
);

test.each(undone)(
  "an undo of %s with lost commits and backends restores only what was not edited",
  async (name) => {
    const random = new Random(`lost commits of the undo of ${name}`);
    const { run, expected } = await runAndEdit(jobCalled(name), random);
    await setPace(database, 0.000_5);
    const resume = (given: object): Promise<RunReport> => resumeRun(null, String(run), given);
    const task = new Task(resume, { ...options(), connectionString: proxied.url, workers: 1 });
    await torment(task, random, isLong ? 40 : 4);
    await setPace(database, 0);
    expect(await task.report).toMatchObject({ kind: "undo", status: "succeeded" });
    await requireUndone(run, expected);
  },
);

async function requireVerified(job: Job, run: number): Promise<void> {
  const found = await database.query(
    "select key[1]::integer as id from tidefill.reject where run_id = $1 order by 1",
    [run],
  );
  expect(found.map(({ id }) => id)).toEqual(corrupted);
  expect(
    await database.query(
      `select status, (select sum(rows_read)::integer from tidefill.range where run_id = run.id) as read
      from tidefill.run where id = $1`,
      [run],
    ),
  ).toEqual([{ status: "succeeded", read: rows }]);
  expect(job.kind).toMatch(/job/);
}

async function runAndCorrupt(job: Job): Promise<number> {
  await fillSource(database, rows);
  expect(await runJob(job, options())).toMatchObject({ status: "succeeded" });
  await database.query("update source set n = -1 where id = any ($1)", [corrupted]);
  const { run } = await verifyRun(job, { ...options(), signal: AbortSignal.abort() });
  return run;
}

test.each(verified)(
  "a verify of %s in processes that are killed finds exactly what differs",
  async (name) => {
    const run = await runAndCorrupt(jobCalled(name));
    const random = new Random(`kills of the verify of ${name}`);
    await setPace(database, 0.001);
    const task = { url: database.url, job: name, task: "go on", run } as const;
    const batches = await killAgainAndAgain(database, random, isLong ? 60 : 3, run, task);
    console.info(`verify of ${name}: ${batches} batches under kills`);
    await setPace(database, 0);
    await finish(task);
    await requireVerified(jobCalled(name), run);
  },
);

test.each(verified)(
  "a verify of %s with lost commits and backends finds exactly what differs",
  async (name) => {
    const job = jobCalled(name);
    const run = await runAndCorrupt(job);
    const random = new Random(`lost commits of the verify of ${name}`);
    await setPace(database, 0.000_5);
    const verify = (given: object): Promise<RunReport> => verifyRun(job, given);
    const task = new Task(verify, { ...options(), connectionString: proxied.url, workers: 1 });
    await torment(task, random, isLong ? 40 : 4);
    await setPace(database, 0);
    expect(await task.report).toMatchObject({ run, kind: "verify", status: "succeeded" });
    await requireVerified(job, run);
  },
);
