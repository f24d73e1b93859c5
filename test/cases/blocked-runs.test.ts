import pg from "pg";
import { afterAll, afterEach, beforeEach, expect, test } from "vitest";
import { type RunReport, readReport } from "../../src/engine/report/run-report.ts";
import { createPool } from "../../src/postgres/connection/create-pool.ts";
import { Database } from "../../src/postgres/transaction/database.ts";
import { Store } from "../../src/store/store.ts";
import { urlOf, useDatabase } from "../support/database.ts";
import { emptyStore } from "../support/empty-store.ts";
import { CommandLine, type Outcome, outcomeOf } from "../support/tidefill.ts";
import { until } from "../support/until.ts";

const database = useDatabase();

const count = `import { defineSqlJob, rowsOf, sql, table, update } from "tidefill";
const notes = table("notes", { key: "id", columns: { id: "bigint", n: "integer" } });
export default defineSqlJob({ name: "count", source: rowsOf(notes), sink: update(notes, { n: sql\`n + 1\` }),
  pace: { rowsPerSecond: 500 } });`;

let tidefill: CommandLine;
let application: pg.Client;
let pid: number;

beforeEach(async () => {
  await database.query(`${emptyStore}; drop table if exists notes`);
  await database.query("create table notes (id bigint primary key, n integer not null default 0)");
  await database.query("insert into notes (id) select generate_series(1, 2000); analyze notes");
  tidefill = await CommandLine.open(database.url, { "count.ts": count });
  application = new pg.Client({ connectionString: urlOf(database.name), application_name: "reports" });
  await application.connect();
  pid = (await application.query("select pg_backend_pid() as pid")).rows[0].pid;
});
afterEach(async () => {
  for (const { gid } of await database.query(
    "select gid from pg_prepared_xacts where database = current_database()",
  ))
    await database.query(`rollback prepared '${gid}'`);
  await application.end();
  await tidefill.close();
});
afterAll(() => tidefill.close());

/** What `status` says as soon as the condition holds. */
async function statusWhen(describe: string, holds: (report: RunReport) => boolean): Promise<RunReport> {
  const pool = createPool({ connectionString: database.url, applicationName: "test", maxConnections: 1 });
  const db = new Database(pool);
  const store = new Store();
  try {
    return await until(
      async () => {
        const run = await store.runs.latest(db, "count").catch(() => null);
        const report = run === null ? null : await readReport({ db, store }, run);
        return report !== null && holds(report) && report;
      },
      { describe, everyMs: 200 },
    );
  } finally {
    await db.close();
  }
}

async function blocked(by: string): Promise<RunReport> {
  return statusWhen(`a run that tells of ${by}`, ({ hold }) => hold?.reason.includes(by) === true);
}

/** Starts a run and returns its outcome as a promise once some rows are done. */
async function started(): Promise<{ readonly ending: Promise<Outcome> }> {
  const child = tidefill.start("run", "count", "--workers", "1");
  child.stdin.end();
  const ending = outcomeOf(child);
  const looks = "select sum(rows_read)::integer as read from tidefill.range";
  const isAtWork = async () => Number((await database.query(looks).catch(() => []))[0]?.read ?? 0) > 0;
  await until(isAtWork, { describe: "rows that are done", timeoutMs: 60_000 });
  return { ending };
}

test("the progress line, status, list and check name an idle session that holds a lock, and how to end it (B6)", async () => {
  const { ending } = await started();
  await application.query("begin; lock table notes in share mode");
  const { hold } = await blocked(`pid ${pid}`);
  expect(hold?.kind).toBe("held back");
  expect(hold?.reason).toMatch(
    /^pid \d+ of \S+ \(reports\), idle in transaction for \d+ s, holds a lock that a batch needs$/,
  );
  const what = `select pg_terminate_backend(${pid})`;
  for (const command of [["status"], ["status", "count"], ["list"], ["check"]]) {
    const { stdout } = await tidefill.run(...command);
    expect(stdout).toMatch(new RegExp(`held back:? +pid ${pid} `));
    expect(stdout).toContain(`wait, or end it: ${what}`);
  }
  // While nothing is committed there is no estimate of the end, however fast the run was before.
  const still = await statusWhen(
    "a run that stands for more than three seconds",
    ({ secondsSinceCheckpoint }) => (secondsSinceCheckpoint ?? 9) > 3,
  );
  expect(still).toMatchObject({ etaSeconds: null, etaInterval: null, rowsPerSecond: 0 });
  await application.query("rollback");
  const { code, stderr } = await ending;
  expect(code).toBe(0);
  expect(await database.query("select min(n), max(n) from notes")).toEqual([{ min: 1, max: 1 }]);
  if (stderr.includes("held back")) expect(stderr).toMatch(/held back: .* → (wait|see which)/);
}, 120_000);

test("a prepared transaction that holds a lock is named, with the statement that ends it (B6)", async () => {
  const { ending } = await started();
  await application.query("begin; lock table notes in share mode; prepare transaction 'lost it'");
  await blocked("the prepared transaction 'lost it'");
  const { stdout } = await tidefill.run("status", "count");
  expect(stdout).toMatch(
    /held back +the prepared transaction 'lost it' of \S+, prepared \d+ s ago, holds a lock/,
  );
  expect(stdout).toContain("rollback prepared 'lost it'   or   commit prepared 'lost it'");
  await application.query("rollback prepared 'lost it'");
  expect((await ending).code).toBe(0);
}, 120_000);

test.each(["share", "access exclusive"])(
  "status does not wait for a table that is locked in %s mode, and names the session that locked it (16)",
  async (mode) => {
    await (await started()).ending;
    await database.query(
      "update tidefill.run set status = 'interrupted', stop_reason = null, finished_at = null",
    );
    await application.query(`begin; lock table notes in ${mode} mode`);
    const { code, stderr, stdout } = await tidefill.run("status", "count");
    expect(code).toBe(0);
    expect(stderr).toContain(
      `the cost of the rest cannot be estimated: session pid ${pid} has locked notes, or waits to`,
    );
    expect(stdout).toContain("→           Go on where it stopped: tidefill resume count");
    await application.query("rollback");
  },
  60_000,
);
