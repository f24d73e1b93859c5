import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { useDatabase } from "../support/database.ts";
import { type CommandLine, outcomeOf } from "../support/tidefill.ts";
import { until } from "../support/until.ts";
import { fillCounters, openCommandLine } from "./fixtures.ts";

const database = useDatabase();
let tidefill: CommandLine;

beforeAll(async () => {
  tidefill = await openCommandLine(database);
});
beforeEach(async () => fillCounters(database, 20_000));
afterEach(async () => tidefill.killAll());
afterAll(async () => tidefill.close());

async function isUnderWay(): Promise<boolean> {
  const [found] = await database.query("select to_regclass('tidefill.range') is not null as there");
  if (found?.there !== true) return false;
  const [row] = await database.query(
    "select coalesce(sum(batches), 0)::integer as batches from tidefill.range",
  );
  return Number(row?.batches) > 0;
}

/** Its later rows take two seconds each, so a batch lasts longer than a second signal needs. */
const lazy = `
import { defineJob, rowsOf, update } from "tidefill";
import { counters } from "./tables.ts";
export default defineJob({
  name: "lazy",
  source: rowsOf(counters, { read: ["n"] }),
  transform: async (row) => {
    await new Promise((resolve) => setTimeout(resolve, row.id > 1_000n ? 2_000 : 0));
    return { n: row.n + 1 };
  },
  sink: update(counters, ["n"]),
});
`;

async function isAsleep(): Promise<boolean> {
  const [row] = await database.query(
    `select count(*)::integer as sessions from pg_stat_activity
     where datname = current_database() and state = 'idle in transaction' and clock_timestamp() - state_change > '300 ms'`,
  );
  return Number(row?.sessions) > 0;
}

async function allOnce(): Promise<void> {
  expect(await database.query("select min(n), max(n) from counters")).toEqual([{ min: 1, max: 1 }]);
}

test("pause stops a run after its batches with exit code 75, and resume finishes it", async () => {
  const running = outcomeOf(tidefill.start("run", "increment", "--json"));
  await until(isUnderWay, { describe: "the run's first batch" });
  const asked = await tidefill.json("pause", "increment");
  expect(asked.value.wanted).toBe("paused");
  const paused = await running;
  expect(paused.code).toBe(75);
  expect(JSON.parse(paused.stdout)).toMatchObject({ status: "paused", stopReason: "paused" });
  expect(paused.stderr).toContain("tidefill resume increment");
  expect((await tidefill.run("run", "increment")).stderr).toContain("tidefill resume increment");
  expect((await tidefill.run("resume", "increment")).code).toBe(0);
  await allOnce();
});

test("undo by the job's name undoes the run that wrote the rows, and list names the runs that still stand", async () => {
  await fillCounters(database, 200);
  const label = (...more: readonly string[]) => tidefill.run("run", "label", "--param", "word=x", ...more);
  const listed = async () => (await tidefill.run("list")).stdout.match(/^label .*$/m)?.[0];
  const labels = () => database.query("select count(label)::integer as labels from counters");
  expect((await label("--param", "poison=7")).code).toBe(4);
  expect((await tidefill.run("rejects", "label", "--retry")).code).toBe(4);
  expect((await label("--again", "--param", "poison=8")).code).toBe(0);
  expect((await label("--again")).code).toBe(0);
  await database.query("update counters set label = null where id = 9");
  expect((await label("--again")).code).toBe(0);
  expect((await label("--again")).code).toBe(0);
  expect(await labels()).toEqual([{ labels: 180 }]);
  const order: (number | null)[] = [];
  for (;;) {
    const { code, value } = await tidefill.json("undo", "label", "--yes");
    if (code !== 0) break;
    order.push(Number(value.ofRun));
    const [counted] = await labels();
    // list names only runs that still have something to undo.
    if (counted?.labels === 0) expect(await listed()).not.toContain("stands");
    else expect(await listed()).toContain("run 1 is not undone");
  }
  expect(order).toEqual([5, 3, 1]);
  expect(await labels()).toEqual([{ labels: 0 }]);
});

test("the first SIGTERM ends the batches and gives the leases back", async () => {
  const child = tidefill.start("run", "increment", "--json");
  const running = outcomeOf(child);
  await until(isUnderWay, { describe: "the run's first batch" });
  child.kill("SIGTERM");
  const stopped = await running;
  expect(stopped.code).toBe(75);
  expect(JSON.parse(stopped.stdout)).toMatchObject({ status: "interrupted", stopReason: "signal" });
  expect(
    await database.query("select count(*)::integer from tidefill.range where status = 'leased'"),
  ).toEqual([{ count: 0 }]);
  expect((await tidefill.json("resume", "1")).value).toMatchObject({ status: "succeeded" });
  await allOnce();
});

test("a second signal, a second after the first, stops at once with 143, and the run still ends correctly", async () => {
  await database.query("delete from counters where id > 1032");
  await tidefill.write("lazy.ts", lazy);
  const child = tidefill.start("run", "lazy", "--workers", "1", "--lease", "1s");
  const running = outcomeOf(child);
  await until(isAsleep, { describe: "rows under way that take long" });
  const typing = setInterval(() => child.kill("SIGTERM"), 100);
  expect((await running.finally(() => clearInterval(typing))).code).toBe(143);
  expect((await tidefill.json("resume", "lazy", "--lease", "1s")).value).toMatchObject({
    status: "succeeded",
  });
  await allOnce();
});

test("cancel ends a run for good, also one that no process is working on", async () => {
  const running = outcomeOf(tidefill.start("run", "increment"));
  await until(isUnderWay, { describe: "the run's first batch" });
  await tidefill.run("cancel", "increment");
  expect((await running).code).toBe(1);
  expect((await tidefill.json("status", "increment")).value).toMatchObject({
    status: "cancelled",
    stopReason: "cancelled",
  });
  expect((await tidefill.run("resume", "increment")).code).toBe(3);
  expect((await tidefill.run("cancel", "increment")).code).toBe(3);
});

test("a run with a requested cancel is cancelled even when a signal ends its process first", async () => {
  const child = tidefill.start("run", "increment");
  const running = outcomeOf(child);
  await until(isUnderWay, { describe: "the run's first batch" });
  await database.query("begin; update tidefill.run set wanted = 'cancelled'; commit");
  child.kill("SIGTERM");
  await running;
  expect((await tidefill.json("status", "increment")).value).toMatchObject({ status: "cancelled" });
  expect((await tidefill.run("run", "increment")).code).toBe(0);
});

test("a run whose process was killed shows as interrupted, and can be cancelled or resumed", {
  tags: ["promise"],
}, async () => {
  const child = tidefill.start("run", "increment", "--lease", "1s");
  await until(isUnderWay, { describe: "the run's first batch" });
  child.kill("SIGKILL");
  await until(async () => (await tidefill.json("status", "increment")).value.status === "interrupted", {
    describe: "the status interrupted",
  });
  expect((await tidefill.json("status", "increment")).value).toMatchObject({
    stopReason: "vanished",
    workers: 0,
  });
  expect((await tidefill.json("pause", "increment")).value).toMatchObject({ status: "paused" });
  expect((await tidefill.run("resume", "increment")).code).toBe(0);
  await allOnce();
});

test("resume on the machine of a killed process does not wait for its leases", async () => {
  const child = tidefill.start("run", "increment", "--lease", "30m");
  await until(isUnderWay, { describe: "the run's first batch" });
  const killed = outcomeOf(child);
  child.kill("SIGKILL");
  await killed;
  expect((await tidefill.json("resume", "increment", "--lease", "30m")).value).toMatchObject({
    status: "succeeded",
  });
  await allOnce();
});

test("resume joins a run that other processes work on, and both end with success", async () => {
  const first = outcomeOf(tidefill.start("run", "increment", "--workers", "1"));
  await until(isUnderWay, { describe: "the run's first batch" });
  const second = outcomeOf(tidefill.start("resume", "increment", "--workers", "2", "--json"));
  const workers = await until(
    async () => {
      const { value } = await tidefill.json("status", "increment");
      return value.workers === 3 || value.status === "succeeded" ? value : false;
    },
    { describe: "three workers" },
  );
  expect(workers).toBeTruthy();
  expect((await first).code).toBe(0);
  expect((await second).code).toBe(0);
  await allOnce();
});

test("status --watch ends when no run is running", async () => {
  const running = outcomeOf(tidefill.start("run", "increment"));
  await until(isUnderWay, { describe: "the run's first batch" });
  const watching = await tidefill.run("status", "increment", "--watch");
  expect(watching.code).toBe(0);
  expect(watching.stdout).toMatch(/state +running/);
  expect(watching.stdout).toMatch(/state +succeeded/);
  await running;
});
