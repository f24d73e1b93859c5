import { defineSqlJob, retryRejects, rowsOf, runJob, sql, table, undoRun, update, verifyRun } from "tidefill";
import { afterEach, beforeEach, expect, test } from "vitest";
import { nearest } from "../../src/did-you-mean.ts";
import { requestStop } from "../../src/engine/control/request-stop.ts";
import { readJobStates } from "../../src/engine/state/job-state.ts";
import { jobFindings } from "../../src/health/job-findings.ts";
import { tryToOpenJob } from "../../src/plan/open-job.ts";
import { createPool } from "../../src/postgres/connection/create-pool.ts";
import { Database } from "../../src/postgres/transaction/database.ts";
import { repairOf } from "../../src/remedies/repair.ts";
import { Store } from "../../src/store/store.ts";
import { useDatabase } from "../support/database.ts";
import { emptyStore } from "../support/empty-store.ts";
import { CommandLine } from "../support/tidefill.ts";

const database = useDatabase();
const notes = table("notes", { key: "id", columns: { id: "bigint", n: "integer" } });
const job = defineSqlJob({ name: "double", source: rowsOf(notes), sink: update(notes, { n: sql`id * 2` }) });
const store = new Store();
let db: Database;

beforeEach(async () => {
  await database.query(`${emptyStore}; drop table if exists notes`);
  await database.query("create table notes (id bigint primary key, n integer not null default 0)");
  await database.query("insert into notes (id) select generate_series(1, 100); analyze notes");
  db = new Database(
    createPool({ connectionString: database.url, applicationName: "test", maxConnections: 2 }),
  );
});
afterEach(() => db.close());

const options = () => ({ connectionString: database.url });

async function findings() {
  const states = await readJobStates({ db, store }, [{ job, files: {} }]);
  return jobFindings({ db, store, states, all: states });
}

test("a verify with differences says how to mend them, and so does the refusal to retry them (17)", async () => {
  await runJob(job, options());
  await database.query("update notes set n = 7 where id = 50");
  const verify = await verifyRun(job, options());
  expect(verify.rows.conflicted).toBe(1);
  const remedy =
    "Repair them: tidefill run double --again   It does the rows again for which pending is true, and all rows of a job without pending. If pending is false for these rows, first make it true: set the column that it asks about to null, or to what it was. If doing a row twice does not give the same, undo the run first, which leaves rows alone that have changed since: tidefill undo double   or restore a backup: tidefill backup restore <dir>";
  expect(repairOf({ job: "double", ofRun: 1, read: 100, differing: 1 })).toBe(remedy);
  await expect(retryRejects(job, String(verify.run), options())).rejects.toMatchObject({
    message: "Run 2 of double is the verify of run 1, whose rows are not done by trying again.",
    remedy,
  });
  expect(await runJob(job, { ...options(), again: true })).toMatchObject({ rows: { written: 1 } });
  expect(await verifyRun(job, options())).toMatchObject({ rows: { conflicted: 0 } });
});

test("a verify in which every row differs suggests that the job may always differ (17)", () => {
  expect(repairOf({ job: "double", ofRun: 1, read: 100, differing: 100 })).toMatch(/integrity query/);
  expect(repairOf({ job: "double", ofRun: null, read: 9, differing: 3 })).toBe(
    "Do the work: tidefill run double",
  );
});

test("after an undo, check suggests run, and adds --again only where an earlier run stands (19)", async () => {
  await runJob(job, options());
  await undoRun("double", options());
  const [first] = await findings();
  expect(first).toMatchObject({
    code: "undone-job",
    remedy: "Do it again: tidefill run double   or remove it from the folder",
  });
  expect((await runJob(job, options())).status).toBe("succeeded");
  expect((await runJob(job, { ...options(), again: true })).status).toBe("succeeded");
  await database.query("update notes set n = 1");
  const again = await runJob(job, { ...options(), again: true });
  await undoRun(String(again.run), options());
  const [second] = await findings();
  expect(second?.remedy).toBe("Do it again: tidefill run double --again   or remove it from the folder");
  await expect(runJob(job, options())).rejects.toMatchObject({ check: "not-done-already" });
});

test("a run that was cancelled and then undone counts as undone, not as pending (19)", async () => {
  const report = await runJob(job, { ...options(), canary: "10 rows" });
  expect(report.status).toBe("paused");
  await requestStop({ db, store }, String(report.run), "cancelled");
  await undoRun(String(report.run), options());
  const [state] = await readJobStates({ db, store }, [{ job, files: {} }]);
  expect(state?.state).toBe("undone");
});

test("check reports a run that failed by its reject limit as such, with what to type (19)", async () => {
  const never = defineSqlJob({
    name: "double",
    source: rowsOf(notes),
    sink: update(notes, { n: sql`id / 0` }),
  });
  expect(await runJob(never, { ...options(), rejectLimit: 3 })).toMatchObject({ stopReason: "reject-limit" });
  const [found] = await findings();
  expect(found).toMatchObject({
    code: "failed-job",
    message: expect.stringMatching(
      /^double, run 1, has failed: more rows were rejected than its limit allows\. The commonest reason for rejects \(\d+\): division by zero\.$/,
    ),
    remedy: expect.stringMatching(
      /^See why: tidefill rejects 1 {3}mend that, and try these rows again: tidefill resume double --accept-changes {3}or leave them out: tidefill resume double --reject-limit \d+$/,
    ),
  });
});

test("an unknown option of runJob is refused by name (19)", async () => {
  await expect(runJob(job, { ...options(), worker: 2 } as never)).rejects.toMatchObject({
    message: 'runJob has no option "worker".',
    remedy: expect.stringMatching(/^Did you mean "workers"\?/),
  });
});

test("the remedy for a nullable key column is to make it not null, not to describe it as nullable (19)", async () => {
  await database.query(
    "alter table notes drop constraint notes_pkey; alter table notes alter id drop not null",
  );
  const { refusals } = await tryToOpenJob(db, job, {});
  expect(refusals.map(({ check }) => check)).toEqual(["key-orders-the-rows"]);
  expect(refusals[0]?.remedy).toContain("alter table public.notes alter column id set not null");
});

test("an unknown column is reported with the one that was probably meant (19)", async () => {
  await database.query("alter table notes rename n to nn");
  const { refusals } = await tryToOpenJob(db, job, {});
  expect(refusals[0]).toMatchObject({
    message: expect.stringMatching(/notes has no column n\.$/),
    remedy: expect.stringMatching(/^Did you mean "nn"\? /),
  });
});

test.each([
  ["wordcount", ["word-count", "other"], "word-count"],
  ["word_cuont", ["word-count"], "word-count"],
  ["n", ["nn"], "nn"],
  ["essays", ["students", "teachers"], null],
  ["a", ["b"], null],
] as const)("for %s out of %j the suggestion is %s (19)", (word, names, meant) => {
  expect(nearest(word, names)).toBe(meant);
});

test("mistyped jobs, options and runs are reported with the names that were probably meant (19)", async () => {
  const text = `import { defineSqlJob, rowsOf, sql, table, update } from "tidefill";
const notes = table("notes", { key: "id", columns: { id: "bigint", n: "integer" } });
export default defineSqlJob({ name: "double", source: rowsOf(notes), sink: update(notes, { n: sql\`id * 2\` }) });`;
  const tidefill = await CommandLine.open(database.url, { "double.ts": text });
  try {
    expect((await tidefill.run("run", "duoble")).stderr).toContain('Did you mean "double"?');
    expect((await tidefill.run("run", "double", "--worker", "2")).stderr).toContain(
      "There is no option --worker here.\n→ Did you mean --workers?",
    );
    expect((await tidefill.run("run", "double")).code).toBe(0);
    expect((await tidefill.run("status", "duble")).stderr).toContain('Did you mean "double"?');
    await database.query("update notes set n = 7 where id = 50");
    const { code, stderr } = await tidefill.run("verify", "double");
    expect(code).toBe(4);
    expect(stderr).toContain("→ Repair them: tidefill run double --again");
  } finally {
    await tidefill.close();
  }
});
