import { readdir, readFile } from "node:fs/promises";
import pg from "pg";
import { contractJob, type Job, runJob, undoJob, verifyRun } from "tidefill";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import addConfidenceScore from "../../../jobs/add-confidence-score.ts";
import createEssayVersions from "../../../jobs/create-essay-versions.ts";
import tokenizeEssays from "../../../jobs/tokenize-essays.ts";
import { createSampleSchool } from "../../../src/cli/demo/create-sample-school.ts";
import { useDatabase } from "../../support/database.ts";
import { CommandLine, outcomeOf } from "../../support/tidefill.ts";
import { until } from "../../support/until.ts";
import { type GuideStepJob, stepCases } from "./guide-step-job-cases.ts";
import { schemaAndRows } from "./schema-and-rows.ts";

const database = useDatabase();
const jobsFolder = new URL("../../../jobs/", import.meta.url);
let tidefill: CommandLine;

beforeAll(async () => {
  const names = await readdir(jobsFolder);
  const files = await Promise.all(
    names.map(async (name) => [name, await readFile(new URL(name, jobsFolder), "utf8")] as const),
  );
  tidefill = await CommandLine.open(database.url, Object.fromEntries(files));
});
beforeEach(async () => {
  for (const schema of ["tidefill", "public"])
    await database.query(`drop schema if exists ${schema} cascade`);
  await database.query("create schema public");
  await createSampleSchool(database.pool, { essays: 2_000 });
});
afterEach(async () => tidefill.killAll());
afterAll(async () => tidefill.close());

const options = {
  get connectionString() {
    return database.url;
  },
};

async function runAll(jobs: readonly Job[]): Promise<void> {
  for (const job of jobs) expect(await runJob(job, options)).toMatchObject({ status: "succeeded" });
}

/** Runs in a transaction that is rolled back; returns the first value, or the SQLSTATE of the refusal. */
async function tried(statement: string): Promise<unknown> {
  const client = await database.pool.connect();
  try {
    await client.query("begin");
    const { rows } = await client.query(statement);
    return Object.values((rows[0] ?? {}) as object)[0];
  } catch (error) {
    if (error instanceof pg.DatabaseError) return error.code;
    throw error;
  } finally {
    await client.query("rollback");
    client.release();
  }
}

async function requireExpected({ job, expected, refused }: GuideStepJob): Promise<void> {
  const answers = async (asked: Readonly<Record<string, readonly [string, unknown]>>) => {
    const found: [string, unknown][] = [];
    for (const [name, [statement]] of Object.entries(asked)) found.push([name, await tried(statement)]);
    return Object.fromEntries(found);
  };
  const wanted = (asked: Readonly<Record<string, readonly [string, unknown]>>) =>
    Object.fromEntries(Object.entries(asked).map(([name, [, answer]]) => [name, answer]));
  expect(await answers(expected)).toEqual(wanted(expected));
  expect(await answers(refused)).toEqual(wanted(refused));
  expect(await database.query("select name from tidefill.step where state <> 'done'")).toEqual([]);
  if (job.kind === "steps") return;
  const verified = await verifyRun(job, options);
  expect(verified).toMatchObject({ status: "succeeded", rows: { conflicted: 0, read: 2_000 } });
}

test.each(stepCases)("$job.name works, changes nothing a second time, and is undone", async (each) => {
  const { job } = each;
  await runAll(each.before);
  const before = await schemaAndRows(database);
  const report = await runJob(job, options);
  expect(report).toMatchObject({ status: "succeeded", rows: { rejected: 0 } });
  expect(await contractJob(job, options)).toMatchObject({ done: 0, open: [], problem: null });
  await requireExpected(each);
  const after = await schemaAndRows(database);
  expect(after).not.toEqual(before);
  await expect(runJob(job, options)).rejects.toMatchObject({ check: "not-done-already" });
  expect(await runJob(job, { ...options, again: true })).toMatchObject({ rows: { written: 0 } });
  expect(await schemaAndRows(database)).toEqual(after);
  // Both runs still stand.
  await undoJob(job, options);
  expect(await schemaAndRows(database)).toEqual(before);
  expect(await database.query("select * from tidefill.step")).toEqual([]);
  expect(await runJob(job, options)).toMatchObject({ status: "succeeded" });
  await requireExpected(each);
});

/** Keeps a statement of a step from ending, or a batch from going on, until it is released. */
class Brake {
  readonly #client = new pg.Client({ connectionString: database.url, application_name: "brake" });
  readonly #moment: string;

  constructor(moment: string) {
    this.#moment = moment;
  }

  async put(): Promise<void> {
    await this.#client.connect();
    if (this.#moment === "rows") {
      await this.#client.query("begin; select from essay_submission_essay where id = 1500 for update");
      return;
    }
    await this.#client.query(`
      create function brake() returns event_trigger language plpgsql as $$
      begin
        if current_query() ilike '%${this.#moment}%' then perform pg_sleep(60); end if;
      end $$;
      create event trigger brake on ddl_command_end execute function brake()`);
  }

  async holds(): Promise<boolean> {
    const [row] = await database.query(
      this.#moment === "rows"
        ? "select to_regclass('tidefill.range') is not null as holds"
        : "select exists (select from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()) as holds",
    );
    if (row?.holds !== true || this.#moment !== "rows") return row?.holds === true;
    const [done] = await database.query("select coalesce(sum(batches), 0) > 0 as some from tidefill.range");
    return done?.some === true;
  }

  async release(): Promise<void> {
    await this.#client.query(
      this.#moment === "rows" ? "rollback" : "drop event trigger brake; drop function brake()",
    );
    await this.#client.end();
  }
}

async function killAt(job: Job, moment: string): Promise<void> {
  const brake = new Brake(moment);
  await brake.put();
  const child = tidefill.start("run", job.name, "--workers", "1", "--lease", "1s");
  const ended = outcomeOf(child);
  await until(async () => child.exitCode !== null || brake.holds(), {
    describe: `a run that is at ${moment}`,
    timeoutMs: 120_000,
  });
  child.kill("SIGKILL");
  const { stderr } = await ended;
  expect(child.signalCode, `it ended by itself: ${stderr}`).toBe("SIGKILL");
  await brake.release();
}

/** The command that goes on after a kill, chosen by the run's status. */
async function goOn(job: Job): Promise<void> {
  const [run] = await database.query("select status from tidefill.run where job = $1 and kind = 'run'", [
    job.name,
  ]);
  const command = run === undefined ? "run" : run.status === "succeeded" ? "contract" : "resume";
  const { code, stderr } = await tidefill.run(command, job.name);
  expect(code, stderr).toBe(0);
}

// Three processes one after the other, each of which may take a minute on a busy machine.
describe.each(stepCases)("$job.name", { timeout: 300_000 }, (each) => {
  test.each(each.moments)("killed at its %s, it ends in the same state, and is undone", async (moment) => {
    await runAll(each.before);
    const before = await schemaAndRows(database);
    await killAt(each.job, moment);
    await goOn(each.job);
    await requireExpected(each);
    await undoJob(each.job, options);
    expect(await schemaAndRows(database)).toEqual(before);
  });
});

test("a value out of range keeps the check from being validated; the undo leaves the existing column", async () => {
  await database.query(
    "alter table essay_feedback add confidence_score double precision not null default 0.8; update essay_feedback set confidence_score = 1.5",
  );
  const before = await schemaAndRows(database);
  await expect(runJob(addConfidenceScore, options)).rejects.toThrow(/confidence_score_range/);
  await undoJob(addConfidenceScore, options);
  expect(await schemaAndRows(database)).toEqual(before);
});

test("deleting an essay deletes its versions", async () => {
  await runJob(createEssayVersions, options);
  await database.query("delete from essay_feedback where essay_id = 7");
  await database.query("delete from essay_submission_essay where id = 7");
  expect(await database.query("select from essay_submission_essayversion where essay_id = 7")).toEqual([]);
});

test("the index serves the search for words", async () => {
  await runAll(stepCases.find(({ job }) => job === tokenizeEssays)?.before ?? []);
  await runJob(tokenizeEssays, options);
  const client = await database.pool.connect();
  await client.query("begin; set local enable_seqscan = off");
  const { rows } = await client.query<Record<string, string>>(
    "explain select id from essay_submission_essay where processed_content @> array['students']",
  );
  await client.query("rollback");
  client.release();
  expect(rows.map((row) => row["QUERY PLAN"]).join("\n")).toContain("idx_essay_processed_content");
});

test("the command line does all pending jobs in order, and undoes all of them", async () => {
  const before = await schemaAndRows(database);
  const names = stepCases.flatMap((each) => [...each.before, each.job]).map(({ name }) => name);
  const up = await tidefill.run("up", "--to", "tokenize-essays");
  expect(up.code, up.stderr).toBe(0);
  const after = await schemaAndRows(database);
  for (const name of names) expect((await tidefill.run("check", "--require", name)).code, name).toBe(0);
  for (const each of stepCases) await requireExpected(each);
  expect((await tidefill.run("up", "--to", "tokenize-essays")).stderr).toContain("Nothing is pending.");
  expect(await schemaAndRows(database)).toEqual(after);
  const undone = await tidefill.run("undo", "--to", "nothing", "--yes");
  expect(undone.code, undone.stderr).toBe(0);
  expect(await schemaAndRows(database)).toEqual(before);
});
