import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { WorkOptions } from "../../../src/engine/options/work-options.ts";
import { readReport } from "../../../src/engine/report/run-report.ts";
import { resumeRun } from "../../../src/engine/run/resume-run.ts";
import { runJob } from "../../../src/engine/run/run-job.ts";
import { table } from "../../../src/job/columns/table.ts";
import { defineJob } from "../../../src/job/definition/define-job.ts";
import { createPool } from "../../../src/postgres/connection/create-pool.ts";
import { Database } from "../../../src/postgres/transaction/database.ts";
import { update } from "../../../src/sink/definitions/update.ts";
import { rowsOf } from "../../../src/source/table/table-rows.ts";
import { Store } from "../../../src/store/store.ts";
import { urlOf, useDatabase } from "../../support/database.ts";
import { emptyStore } from "../../support/empty-store.ts";
import { CommandLine } from "../../support/tidefill.ts";
import { until } from "../../support/until.ts";
import { changed, reach, refusal } from "./connecting.ts";

const database = useDatabase();
const role = `filler_${Math.random().toString(36).slice(2)}`;

const things = table("things", { key: "id", columns: { id: "bigint", n: "integer" } });
const count = defineJob({
  name: "count-things",
  source: rowsOf(things, { read: ["n"] }),
  // Not idempotent: a row that is done twice shows.
  transform: ({ n }) => ({ n: n + 1 }),
  sink: update(things, ["n"]),
});

beforeEach(async () => {
  await database.query(emptyStore);
  await database.query("drop table if exists things");
  await database.query("create table things (id bigint primary key, n integer not null)");
  await database.query("insert into things select g, 0 from generate_series(1, 400) g");
  await database.query(`create role ${role} login superuser password 'first'`);
});

afterEach(async () => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  await database.query(`drop owned by ${role}`).catch(() => {});
  await database.query(emptyStore);
  await database.query(`drop role ${role}`);
});

/** The address of the role, with this password. */
function as(password: string): string {
  return changed(urlOf(database.name), { username: role, password });
}

/** Locks the role out and ends its sessions. */
async function lockOut(statement: string): Promise<void> {
  await database.query(`alter role ${role} ${statement}`);
  await database.query("select pg_terminate_backend(pid) from pg_stat_activity where usename = $1", [role]);
}

/** Runs the job with small batches. `once` is called after the first batch while the run goes on. */
function running(options: WorkOptions, once: () => Promise<void>) {
  let called: Promise<void> | undefined;
  const failures: string[] = [];
  const report = runJob(count, {
    workers: 2,
    inTest: { batchRows: 10 },
    onEvent: (event) => {
      if (event.type === "batch committed") called ??= once();
      if (event.type === "batch failed") failures.push(event.reason);
    },
    ...options,
  });
  return {
    report,
    failures,
    isCalled: () => until(async () => called?.then(() => true), { describe: "a first batch" }),
  };
}

async function expectEachOnce(): Promise<void> {
  expect(await database.query("select min(n), max(n), count(*)::integer from things")).toEqual([
    { min: 1, max: 1, count: 400 },
  ]);
}

/** The state of the run in the store, which every process reads. */
async function stored() {
  const pool = createPool({
    connectionString: urlOf(database.name),
    applicationName: "tidefill look",
    maxConnections: 1,
  });
  const db = new Database(pool);
  const store = new Store("tidefill");
  try {
    return await readReport({ db, store }, await store.runs.require(db, "count-things"));
  } finally {
    await db.close();
  }
}

test("a wrong password at the start is refused at once; the refusal names where the password came from, but not the password (C4)", async () => {
  const error = await refusal(runJob(count, { connectionString: as("guess") }));
  expect(error).toMatchObject({
    code: "database",
    message: `PostgreSQL answered: password authentication failed for user "${role}" (SQLSTATE 28P01)`,
    remedy: expect.stringContaining("The password came from the address of the database."),
  });
  expect(`${error.message}${error.remedy}`).not.toContain("guess");
  expect(await refusal(reach(changed(as("x"), { password: "" })))).toMatchObject({
    code: "password",
    message: `The server asks for a password for the role ${role}, but none was given.`,
    remedy: expect.stringContaining("--password-command"),
  });
  await database.query(`alter role ${role} nologin`);
  expect(await refusal(reach(as("first")))).toMatchObject({
    remedy: "Ask an administrator to allow it: alter role … login.",
  });
});

test.each([
  ["a changed password", "password 'second'", "password 'first'"],
  ["a role that may not log in for a while", "nologin", "login"],
])("the run waits out %s, and does each row once (C4)", async (_, out, back) => {
  const { report } = await lockedOut(out);
  // Only an end of the run itself would have changed this.
  expect(await Promise.race([report, Promise.resolve("at work")])).toBe("at work");
  await database.query(`alter role ${role} ${back}`);
  expect(await report).toMatchObject({ status: "succeeded" });
  await expectEachOnce();
});

/** A run whose role was locked out after a batch and whose logins have failed several times since. */
async function lockedOut(statement: string, options: WorkOptions = {}) {
  let asked = 0;
  let before = Number.POSITIVE_INFINITY;
  // The run cannot end before its role is locked out.
  const holder = await database.pool.connect();
  await holder.query("begin; select from things where id = 400 for update");
  const password = () => {
    asked += 1;
    return "first";
  };
  const work = running({ connectionString: as("first"), password, workers: 1, ...options }, async () => {
    await lockOut(statement);
    before = asked;
  });
  try {
    await until(async () => asked > before + 5, { describe: "refusals" });
  } finally {
    holder.release(true);
  }
  return work;
}

test("a password that stays wrong interrupts the run, and the right one resumes it (C4)", async () => {
  const now = performance.now.bind(performance);
  let later = 0;
  vi.spyOn(performance, "now").mockImplementation(() => now() + later);
  const { report } = await lockedOut("password 'second'", { lease: "1s" });
  later = 6 * 60_000;
  expect(await report).toMatchObject({
    status: "interrupted",
    stopReason: "no-progress",
    message: expect.stringContaining(
      `There was no progress for 5 minutes; the last obstacle: password authentication failed for user "${role}".`,
    ),
  });
  expect(
    await until(async () => (await stored()).status === "interrupted", { describe: "a run that is at rest" }),
  ).toBe(true);
  const resumed = await resumeRun(count, "count-things", {
    connectionString: as("second"),
    inTest: { batchRows: 100 },
  });
  expect(resumed).toMatchObject({ status: "succeeded" });
  await expectEachOnce();
});

async function sessionsOf(name: string): Promise<number> {
  const [found] = await database.query(
    "select count(*)::integer as sessions from pg_stat_activity where usename = $1",
    [name],
  );
  return Number(found?.sessions);
}

test("a function that returns the password is called at each connect, so a run outlives a token (C4)", async () => {
  let password = "first";
  const asked: unknown[] = [];
  const { report, isCalled } = running(
    {
      connectionString: as("of yesterday"),
      password: async (connection) => {
        asked.push(connection);
        return password;
      },
    },
    async () => {
      password = "second";
      await lockOut("password 'second'");
    },
  );
  await isCalled();
  expect(await report).toMatchObject({ status: "succeeded" });
  await expectEachOnce();
  const { hostname, port } = new URL(urlOf(database.name));
  expect(asked[0]).toEqual({ host: hostname, port: Number(port), database: database.name, user: role });
  expect(asked.length).toBeGreaterThan(1);
});

test("a failing password function is waited out during a run and reported at the start (C4)", async () => {
  const { hostname, port, pathname } = new URL(urlOf(database.name));
  const connectionString = `postgres://${role}@${hostname}:${port}${pathname}`;
  let isAway = false;
  const password = async () => {
    if (isAway) throw new Error("the vault is sealed");
    return "first";
  };
  const { report, isCalled } = running({ connectionString, password }, async () => {
    isAway = true;
    await lockOut("login");
  });
  await isCalled();
  await until(async () => (await sessionsOf(role)) === 0, { describe: "no session of the role" });
  isAway = false;
  expect(await report).toMatchObject({ status: "succeeded" });
  await expectEachOnce();
  isAway = true;
  expect(await refusal(reach(connectionString, { password }))).toMatchObject({
    code: "password",
    message: "The function that returns the password failed: the vault is sealed",
  });
});

test("a command that prints the password gets the connection in its environment (C4)", async () => {
  const { hostname, port, pathname } = new URL(urlOf(database.name));
  const address = `postgres://${role}@${hostname}:${port}${pathname}`;
  const passwords = join(mkdtempSync(join(tmpdir(), "tidefill-words-")), "words");
  writeFileSync(passwords, `${role} ${port} first\n`);
  const command = `grep "^$PGUSER $PGPORT " ${passwords} | cut -d' ' -f3`;
  vi.stubEnv("TIDEFILL_PASSWORD_COMMAND", command);
  expect(await reach(address)).toMatchObject({ role });
  // The address takes precedence over the environment.
  expect(await refusal(reach(as("guess")))).toMatchObject({ code: "database" });
  vi.stubEnv("TIDEFILL_PASSWORD_COMMAND", "echo first; exit 3");
  const failed = await refusal(reach(address));
  expect(failed).toMatchObject({ code: "password", message: "The password command ended with exit code 3." });
  vi.stubEnv("TIDEFILL_PASSWORD_COMMAND", "true");
  expect(await refusal(reach(address))).toMatchObject({
    message: "The password command printed no password.",
  });
  vi.stubEnv("TIDEFILL_PASSWORD_COMMAND", "");
  vi.stubEnv("PGPASSFILE", passwords);
  writeFileSync(passwords, `${hostname}:${port}:*:${role}:first\n`, { mode: 0o600 });
  expect(await refusal(reach(address))).toMatchObject({ code: "password" });
  const own = `${passwords}-own`;
  writeFileSync(own, `${hostname}:${port}:*:${role}:first\n`, { mode: 0o600 });
  vi.stubEnv("PGPASSFILE", own);
  expect(await reach(address)).toMatchObject({ role });
});

test("the command line runs --password-command (C4)", async () => {
  const { hostname, port, pathname } = new URL(urlOf(database.name));
  const tidefill = await CommandLine.open(`postgres://${role}@${hostname}:${port}${pathname}`, {});
  try {
    const { code, stderr } = await tidefill.run("schema", "install", "--password-command", "echo first");
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringContaining(
        `/${database.name} as ${role}, schema public; tidefill's tables in schema tidefill\n`,
      ),
    });
  } finally {
    await tidefill.close();
  }
});
