import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { backupJob, type Job, runJob, undoRun, verifyRun } from "tidefill";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import anonymiseInactiveStudents from "../../../jobs/anonymise-inactive-students.ts";
import eraseClosedAccounts from "../../../jobs/erase-closed-accounts.ts";
import { createSampleSchool } from "../../../src/cli/demo/create-sample-school.ts";
import { useDatabase } from "../../support/database.ts";
import { CommandLine, outcomeOf } from "../../support/tidefill.ts";
import { until } from "../../support/until.ts";
import { stepCases } from "../steps/guide-step-job-cases.ts";
import { cases, type GuideJob } from "./guide-job-cases.ts";

const database = useDatabase();
const jobsFolder = new URL("../../../jobs/", import.meta.url);
let tidefill: CommandLine;
let backups: string;

beforeAll(async () => {
  backups = await mkdtemp(join(tmpdir(), "tidefill-backups-"));
  vi.stubEnv("TIDEFILL_UNDO_KEY", "a key for the tests alone");
  const names = await readdir(jobsFolder);
  const files = await Promise.all(
    names.map(async (name) => [name, await readFile(new URL(name, jobsFolder), "utf8")] as const),
  );
  tidefill = await CommandLine.open(database.url, Object.fromEntries(files));
});
beforeEach(async () => {
  for (const schema of ["tidefill", "before", "public"])
    await database.query(`drop schema if exists ${schema} cascade`);
  await database.query("create schema public");
  await database.query("create schema before");
  await database.query("create extension pgcrypto schema public");
  await createSampleSchool(database.pool, { essays: 4_000 });
  for (const table of await schoolTables())
    await database.query(`create table before.${table} as table public.${table}`);
});
afterEach(async () => tidefill.killAll());
afterAll(async () => {
  await tidefill.close();
  await rm(backups, { recursive: true, force: true });
  vi.unstubAllEnvs();
});

async function schoolTables(): Promise<readonly string[]> {
  const rows = await database.query("select tablename from pg_tables where schemaname = 'public' order by 1");
  return rows.map(({ tablename }) => String(tablename));
}

/** Each table of the school as one text that shows every byte of its rows. */
async function school(): Promise<Readonly<Record<string, unknown>>> {
  const sums = (await schoolTables()).map(async (table) => {
    const [row] = await database.query(
      `select md5(string_agg(md5(t::text), ',' order by md5(t::text))) as sum from ${table} t`,
    );
    return [table, row?.sum] as const;
  });
  return Object.fromEntries(await Promise.all(sums));
}

async function requireExpected(before: object, { table, columns, expected }: GuideJob): Promise<void> {
  const actual = `select ${columns} from ${table}`;
  const differing = await database.query(`
    select 'missing' as what, missing::text as line
    from (${expected} except all ${actual}) as missing
    union all
    select 'too much', extra::text
    from (${actual} except all (${expected})) as extra
    limit 5`);
  expect(differing).toEqual([]);
  const after = await school();
  expect(after[table]).not.toBe((before as typeof after)[table]);
  expect(after).toEqual({ ...before, [table]: after[table] });
}

async function backUp(job: Job, parameters: Readonly<Record<string, string>>): Promise<void> {
  const directory = await mkdtemp(join(backups, `${job.name}-`));
  await backupJob(job, { connectionString: database.url, directory, parameters });
}

async function requireVerified(job: Job): Promise<void> {
  const verified = await verifyRun(job, { connectionString: database.url });
  expect(verified).toMatchObject({ status: "succeeded", rows: { conflicted: 0 }, broken: [] });
  expect(verified.rows.read).toBeGreaterThan(job === eraseClosedAccounts ? -1 : 3);
}

async function requireUndone(job: Job, run: number, written: number, before: object): Promise<void> {
  const undone = undoRun(String(run), { connectionString: database.url });
  if (!job.undoable) return expect(undone).rejects.toMatchObject({ check: "run-can-be-undone" });
  expect(await undone).toMatchObject({ status: "succeeded", rows: { written, conflicted: 0, rejected: 0 } });
  expect(await school()).toEqual(before);
}

/** Asks a model: test/calls/grade-essays.test.ts has one. */
const coveredElsewhere = "grade-essays.ts";

test("these tests cover every job of the folder", async () => {
  const names = (await readdir(jobsFolder))
    .filter((name) => name !== "tables.ts" && name !== coveredElsewhere)
    .sort();
  const all = [...cases, ...stepCases].map(({ job }) => `${job.name}.ts`);
  expect(all.sort()).toEqual(names);
});

test.each(cases)("$job.name works, changes nothing a second time, and is undone", async (each) => {
  const { job, parameters } = each;
  const options = { connectionString: database.url, parameters, workers: 2 };
  const before = await school();
  if (!job.undoable) await backUp(job, parameters ?? {});
  const report = await runJob(job, options);
  expect(report).toMatchObject({ status: "succeeded", rows: { rejected: 0 } });
  await requireExpected(before, each);
  const after = await school();
  expect(await runJob(job, { ...options, again: true })).toMatchObject({
    status: "succeeded",
    rows: each.again,
  });
  expect(await school()).toEqual(after);
  await requireVerified(job);
  await requireUndone(job, report.run, report.rows.written, before);
});

/** Makes every write of a row slow. */
async function slowDown({ table, slow }: GuideJob): Promise<void> {
  await database.query(`
    create function wait() returns trigger language plpgsql as
    $$ begin perform pg_sleep(${slow.seconds}); return coalesce(new, old); end $$`);
  await database.query(`
    create trigger wait before insert or update or delete on ${table}
    for each row execute function wait()`);
}

/** True once the run has committed its batches and is in the middle of the next one. */
async function isHalfWay({ slow }: GuideJob): Promise<boolean> {
  const [{ range } = { range: null }] = await database.query("select to_regclass('tidefill.range') as range");
  if (range === null) return false;
  const [row] = await database.query(`
    select coalesce(sum(batches), 0)::integer as batches,
      exists (select from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()) as writes
    from tidefill.range`);
  return Number(row?.batches) >= slow.batches && row?.writes === true;
}

test.each(cases)("$job.name, killed and resumed, ends in the same state", async (each) => {
  const { job, parameters = {} } = each;
  const before = await school();
  if (!job.undoable) await backUp(job, parameters ?? {});
  await slowDown(each);
  const given = Object.entries(parameters).flatMap(([name, value]) => ["--param", `${name}=${value}`]);
  const child = tidefill.start("run", job.name, ...given, "--workers", "2", "--lease", "1s");
  const ended = outcomeOf(child);
  await until(async () => child.exitCode !== null || isHalfWay(each), { describe: "a run that is half-way" });
  child.kill("SIGKILL");
  const { stderr } = await ended;
  expect(child.signalCode, `it ended by itself: ${stderr}`).toBe("SIGKILL");
  await database.query(`drop trigger wait on ${each.table}`);
  const { code, value } = await tidefill.json("resume", job.name, "--workers", "2", "--lease", "1s");
  expect([code, value.status]).toEqual([0, "succeeded"]);
  await requireExpected(before, each);
  await requireVerified(job);
  const { written } = value.rows as { readonly written: number };
  await requireUndone(job, Number(value.run), written, before);
});

test("seeding twice reports that nothing was changed", async () => {
  await tidefill.run("run", "seed-feedback-types");
  const { code, stdout, stderr } = await tidefill.run("run", "seed-feedback-types", "--again");
  expect([code, `${stdout}${stderr}`]).toEqual([
    0,
    expect.stringMatching(/\b0 rows written, 4 already right/),
  ]);
});

test("students are anonymised only with a verified backup", async () => {
  const { parameters } = cases.find(({ job }) => job === anonymiseInactiveStudents) ?? {};
  const before = await school();
  await expect(
    runJob(anonymiseInactiveStudents, { connectionString: database.url, parameters }),
  ).rejects.toMatchObject({ check: "backup-is-there" });
  expect(await school()).toEqual(before);
});

test("accounts are erased only with an undo log that can be encrypted", async () => {
  const parameters = { closedBefore: "2025-06-01" };
  const before = await school();
  await expect(
    runJob(eraseClosedAccounts, { connectionString: database.url, parameters, undoKey: "" }),
  ).rejects.toMatchObject({ check: "undo-log-is-encrypted" });
  expect(await school()).toEqual(before);
});
