import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { useDatabase } from "../support/database.ts";
import { type CommandLine, outcomeOf } from "../support/tidefill.ts";
import { until } from "../support/until.ts";
import { fillCounters, increment, openCommandLine } from "./fixtures.ts";

const database = useDatabase();
let tidefill: CommandLine;
let folder: string;
let stop: string;

beforeAll(async () => {
  tidefill = await openCommandLine(database);
  folder = await mkdtemp(join(tmpdir(), "tidefill-stop-"));
  stop = join(folder, "stop-increment");
  const throttled = increment
    .replace("defineJob,", "defineJob, stopFile,")
    .replace(
      'sink: update(counters, ["n"]),',
      `sink: update(counters, ["n"]), throttles: [stopFile(${JSON.stringify(stop)})],`,
    );
  await tidefill.write("increment.ts", throttled);
});
beforeEach(() => fillCounters(database, 20_000));
afterEach(async () => {
  await tidefill.killAll();
  await rm(stop, { force: true });
});
afterAll(async () => {
  await tidefill.close();
  await rm(folder, { recursive: true, force: true });
});

async function read(): Promise<number> {
  const [found] = await database.query("select to_regclass('tidefill.range') is not null as there");
  if (found?.there !== true) return 0;
  const [row] = await database.query("select coalesce(sum(rows_read), 0)::integer as n from tidefill.range");
  return Number(row?.n);
}

/** Waits until a run commits nothing for a while, and returns its progress. */
async function standsStill(): Promise<number> {
  return until(
    async () => {
      const before = await read();
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      return (await read()) === before && before > 0 ? before : false;
    },
    { describe: "a run that stands still" },
  );
}

/** Waits until a process reports that it is held back by something of that name. */
async function isHeldBy(name: string): Promise<void> {
  await until(
    async () => {
      const [found] = await database.query("select to_regclass('tidefill.worker') is not null as there");
      if (found?.there !== true) return false;
      const workers = await database.query("select held_back from tidefill.worker");
      return workers.some(({ held_back }) => String(held_back).includes(name));
    },
    { describe: `a run that is held by ${name}` },
  );
}

async function allOnce(): Promise<void> {
  expect(await database.query("select min(n), max(n) from counters")).toEqual([{ min: 1, max: 1 }]);
}

test("a stop file holds a run, which says so everywhere and goes on by itself when the file is gone", async () => {
  const running = outcomeOf(tidefill.start("run", "increment", "--json"));
  await until(async () => (await read()) > 0, { describe: "the first batch" });
  await writeFile(stop, "");
  await standsStill();
  const { value } = await tidefill.json("status", "increment");
  expect(value).toMatchObject({ status: "running", throttle: `the file ${stop} is there` });
  expect((await tidefill.run("status", "increment")).stdout).toContain(
    `held        the file ${stop} is there`,
  );
  await rm(stop);
  expect((await running).code).toBe(0);
  await allOnce();
});

test("hours in which a run was held or not running do not count as work", async () => {
  const running = outcomeOf(tidefill.start("run", "increment", "--json"));
  await until(async () => (await read()) > 0, { describe: "the first batch" });
  await writeFile(stop, "");
  await standsStill();
  await new Promise((resolve) => setTimeout(resolve, 8_000));
  await tidefill.run("pause", "increment");
  expect((await running).code).toBe(75);
  await rm(stop);
  const [held] = await database.query(`select seconds_at_work as worked,
    extract(epoch from clock_timestamp() - started_at)::float8 as passed from tidefill.run`);
  expect(Number(held?.worked)).toBeGreaterThan(0);
  expect(Number(held?.worked)).toBeLessThan(Number(held?.passed) - 6);
  expect((await tidefill.run("resume", "increment")).code).toBe(0);
  const { value } = await tidefill.json("status", "increment");
  const [done] = await database.query("select seconds_at_work as worked from tidefill.run");
  expect(value.rowsPerSecond).toBe(
    Math.round(Number((value.rows as { read: number }).read) / Number(done?.worked)),
  );
  await allOnce();
});

test("a held run can be paused, and after a resume is held from its first batch on", async () => {
  await writeFile(stop, "");
  const running = outcomeOf(tidefill.start("run", "increment"));
  await until(async () => (await tidefill.json("status", "increment")).value.throttle != null, {
    describe: "a run that says why it is held",
  });
  expect(await read()).toBe(0);
  await tidefill.run("pause", "increment");
  expect((await running).code).toBe(75);
});

test("set changes the pace of a run in all its processes, and the change stays with the run", async () => {
  await fillCounters(database, 60_000);
  const first = outcomeOf(tidefill.start("run", "increment", "--workers", "2", "--json"));
  await until(async () => (await read()) > 0, { describe: "the first batch" });
  // Independent of the load of the test machine, and slow enough to last for all that follows.
  const calm = "ignore=processor,commit-latency,lock-waits,active-sessions";
  await tidefill.run("set", "increment", calm, "rows-per-second=500");
  const second = outcomeOf(tidefill.start("resume", "increment", "--json"));
  const workers = async (count: number) =>
    until(
      async () => {
        const [row] = await database.query("select sum(workers)::integer as n from tidefill.worker");
        return row?.n === count;
      },
      { describe: `${count} workers`, everyMs: 20 },
    );
  await workers(4);
  const set = await tidefill.json("set", "increment", "workers=1", "rows-per-second=20");
  expect(set.value).toMatchObject({
    job: "increment",
    pace: { workers: 1, rowsPerSecond: 20, ignore: expect.any(Array) },
    isAtWork: true,
  });
  await workers(2);
  const before = await read();
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  expect((await read()) - before).toBeLessThan(1_000);
  await tidefill.run("pause", "increment");
  expect([(await first).code, (await second).code]).toEqual([75, 75]);
  const resumed = outcomeOf(tidefill.start("resume", "increment", "--json"));
  await workers(1);
  expect((await tidefill.json("status", "increment")).value.pace).toMatchObject({
    workers: 1,
    rowsPerSecond: 20,
  });
  await tidefill.run("set", "increment", "workers=6", "rows-per-second=default");
  await workers(6);
  expect((await resumed).code).toBe(0);
  await allOnce();
  const audit = (await tidefill.run("audit")).stdout;
  expect(audit).toMatch(/set\s+increment\s+1\s+workers=1 rowsPerSecond=20/);
});

test("set refuses an impossible pace, and says what would be right", async () => {
  await tidefill.run("run", "increment", "--canary", "1%");
  const mistakes = [
    ["workers=0", /from 1 to 64/],
    ["batch-time=1ms", /between 10ms and 5s/],
    ["speed=9", /"speed=9" is not a setting of a run/],
    ["window=22-6", /is not a window/],
    ["window=22:00-06:00", /its time zone is missing/],
    ["window=22:00-06:00 Europe/Berlim", /is not a time zone/],
    ["rows-per-second=many", /must be a number/],
  ] as const;
  for (const [setting, message] of mistakes) {
    const { code, stderr } = await tidefill.run("set", "increment", setting);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  }
});

test("commands on an unknown name or an ended run change nothing", async () => {
  expect((await tidefill.run("run", "increment")).code).toBe(0);
  expect((await tidefill.run("set", "increment", "workers=2")).code).toBe(3);
  for (const command of ["pause", "cancel"]) expect((await tidefill.run(command, "incremen")).code).toBe(2);
});

test("outside its window a run waits or leaves with 75; inside it works", async () => {
  const [row] = await database.query(
    "select to_char(now() at time zone 'UTC' + interval '3 hours', 'HH24:MI') as t",
  );
  const [later] = await database.query(
    "select to_char(now() at time zone 'UTC' + interval '4 hours', 'HH24:MI') as t",
  );
  const closed = `${row?.t}-${later?.t} UTC`;
  const left = await tidefill.json("run", "increment", "--window", closed, "--exit-when-closed");
  expect(left).toMatchObject({ code: 75, value: { status: "interrupted", stopReason: "window" } });
  const waiting = outcomeOf(tidefill.start("resume", "increment"));
  await until(
    async () => String((await tidefill.json("status", "increment")).value.throttle).includes("is closed"),
    {
      describe: "a run that waits for its window",
    },
  );
  expect(await read()).toBe(0);
  await tidefill.run("set", "increment", "window=00:00-24:00 UTC");
  expect((await waiting).code).toBe(0);
  await allOnce();
});

test("a run leaves with 75 at its given time", async () => {
  const soon = new Date(Date.now() + 2_500).toISOString().slice(0, 19);
  await tidefill.run("run", "increment", "--canary", "1%");
  await tidefill.run("set", "increment", "rows-per-second=100");
  const { code, value } = await tidefill.json("resume", "increment", "--until", `${soon}Z`);
  // The machine may have been slower than the given time.
  if (code === 2) return;
  expect({ code, value }).toMatchObject({ code: 75, value: { status: "interrupted", stopReason: "until" } });
});

test("a canary stops with 75 and says how to go on and how to go back", async () => {
  const { code, stderr } = await tidefill.run("run", "increment", "--canary", "1%");
  expect(code).toBe(75);
  expect(stderr).toMatch(
    /Stage 1 of 2 \(1 % of the rows\) is done, but (?:19\d|20\d) rows are not as the job makes them/,
  );
  expect(stderr).toMatch(/tidefill resume increment.*tidefill cancel 1 && tidefill undo 1/);
  expect((await tidefill.run("resume", "increment")).code).toBe(0);
  await allOnce();
});

test("declared standbys are watched after a resume too, until an operator sets other standbys", async () => {
  const running = outcomeOf(tidefill.start("run", "increment", "--replica", "replica-z", "--json"));
  await isHeldBy("replica-z");
  expect((await tidefill.run("pause", "increment")).code).toBe(0);
  expect((await running).code).toBe(75);
  const resumed = outcomeOf(tidefill.start("resume", "increment"));
  await isHeldBy("replica-z");
  expect(await read()).toBe(0);
  expect((await tidefill.run("set", "increment", "replica=replica-y")).stderr).toMatch(
    /no standby streams as replica-y: the run is held until one does/,
  );
  expect((await tidefill.run("set", "increment", "replica=default")).stderr).toMatch(/the pace of its job/);
  expect((await resumed).code).toBe(0);
  await allOnce();
});

test("the password of a standby is not stored", async () => {
  const address = "postgres://somebody:secret@127.0.0.1:1/school?password=secret";
  const running = outcomeOf(tidefill.start("run", "increment", "--replica", address));
  await isHeldBy("127.0.0.1:1");
  const { stdout } = await tidefill.run("audit", "--json");
  const [row] = await database.query("select to_jsonb(run)::text as text from tidefill.run");
  expect(stdout + row?.text).toContain("postgres://somebody@127.0.0.1:1/school");
  expect(stdout + row?.text).not.toContain("secret");
  expect((await tidefill.run("cancel", "increment")).code).toBe(0);
  await running;
});

test("a run can ignore a signal that holds it, by name, if that signal may be ignored", async () => {
  const running = outcomeOf(tidefill.start("run", "increment", "--replica", "replica-z"));
  await isHeldBy("replica-z");
  for (const wrong of ["window", "weather"]) {
    const { code, stderr } = await tidefill.run("set", "increment", `ignore=${wrong}`);
    expect(code).toBe(2);
    expect(stderr).toMatch(
      new RegExp(`"${wrong}" is not a signal that a run can ignore.[\\s\\S]*replication-lag`),
    );
  }
  const { stderr } = await tidefill.run("set", "increment", "ignore=replication-lag");
  expect(stderr).toMatch(/ignoring replication lag/);
  expect((await running).code).toBe(0);
  await allOnce();
});

test("a run that is being cancelled cannot be paused", async () => {
  await writeFile(stop, "");
  const running = outcomeOf(tidefill.start("run", "increment"));
  await isHeldBy("the file");
  await database.query("update tidefill.run set wanted = 'cancelled'");
  const paused = await tidefill.run("pause", "increment");
  expect(paused.stderr).toMatch(/is already being cancelled|has already ended/);
  expect(paused.code).toBe(3);
  expect((await running).code).toBe(1);
});

test("a batch shows its job, run and range in pg_stat_activity", async () => {
  // Its statement waits for the row, and so can be seen.
  const locker = await database.pool.connect();
  await locker.query("begin; select from counters where id = 1 for update");
  const running = outcomeOf(tidefill.start("run", "increment"));
  const seen = await until(
    async () => {
      const rows = await database.query(
        "select application_name as name, query from pg_stat_activity where datname = current_database() and application_name like 'tidefill increment run 1 range %' and query like '/*%'",
      );
      return rows[0];
    },
    { describe: "a batch in pg_stat_activity" },
  );
  await locker.query("rollback");
  locker.release();
  expect(seen?.query).toMatch(/^\/\* tidefill increment run 1 range \d+ \*\/ /);
  expect((await running).code).toBe(0);
});
