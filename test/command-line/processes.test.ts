import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { useDatabase } from "../support/database.ts";
import { type CommandLine, outcomeOf } from "../support/tidefill.ts";
import { until } from "../support/until.ts";
import { fillCounters, openCommandLine } from "./fixtures.ts";

const database = useDatabase();
let tidefill: CommandLine;
let folder: string;

/** Each row keeps its process busy for a while, so that one process has work for longer than the further ones need to start. */
const busy = (name: string, column: string, value: string) => `
import { defineJob, rowsOf, update } from "tidefill";
import { counters } from "./tables.ts";
const still = new Int32Array(new SharedArrayBuffer(4));
export default defineJob({
  name: "${name}",
  source: rowsOf(counters, { read: ["n"] }),
  transform: (row) => {
    Atomics.wait(still, 0, 0, 2);
    return { ${column}: ${value} };
  },
  sink: update(counters, ["${column}"]),
});
`;

const rows = 4_000;

beforeAll(async () => {
  tidefill = await openCommandLine(database);
  await tidefill.write("busy.ts", busy("busy", "n", "row.n + 1"));
  await tidefill.write("label-all.ts", busy("label-all", "label", "String(row.id)"));
  folder = await mkdtemp(join(tmpdir(), "tidefill-log-"));
});
beforeEach(async () => fillCounters(database, rows));
afterEach(async () => tidefill.killAll());
afterAll(async () => {
  await tidefill.close();
  await rm(folder, { recursive: true });
});

/** The processes that are registered at the run. */
async function processes(): Promise<readonly number[]> {
  const [found] = await database.query("select to_regclass('tidefill.worker') is not null as there");
  if (found?.there !== true) return [];
  const registered = await database.query("select process from tidefill.worker");
  return registered.map(({ process: pid }) => Number(pid));
}

function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}`);
}

const startJob = (job: string, ...more: readonly string[]) =>
  tidefill.start("run", job, "--processes", "3", "--workers", "2", ...more);
const start = (...more: readonly string[]) => startJob("busy", ...more);

async function allOnce(): Promise<void> {
  expect(await database.query("select min(n), max(n) from counters")).toEqual([{ min: 1, max: 1 }]);
}

test("three processes share one run, and it ends as if it were one", async () => {
  const log = join(folder, "log.json");
  const running = outcomeOf(start("--json", "--log", log));
  await until(async () => (await processes()).length === 3, { describe: "three processes at work" });
  const pids = await processes();
  const { value } = await tidefill.json("status", "busy");
  expect((value.processes as { readonly pid: number }[]).map(({ pid }) => pid).toSorted()).toEqual(
    pids.toSorted(),
  );
  const { code, stdout, stderr } = await running;
  expect([code, stderr.includes("warning")]).toEqual([0, false]);
  expect(JSON.parse(stdout)).toMatchObject({ status: "succeeded", rows: { written: rows } });
  // All that this command's processes wrote is this command's.
  expect(stderr).not.toContain("of them now");
  const batches = readFileSync(log, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { msg: string; process?: number; counts: { written: number } })
    .filter(({ msg }) => msg === "batch committed");
  expect(batches.reduce((sum, { counts }) => sum + counts.written, 0)).toBe(rows);
  expect(new Set(batches.map((each) => each.process)).size).toBe(3);
  await allOnce();
});

test("a signal to the first process stops all of them, and resume goes on", async () => {
  const first = start("--json");
  const running = outcomeOf(first);
  await until(async () => (await processes()).length === 3, { describe: "three processes at work" });
  const pids = await processes();
  first.kill("SIGINT");
  const { code, stdout } = await running;
  expect(code).toBe(75);
  expect(JSON.parse(stdout)).toMatchObject({ status: "interrupted", stopReason: "signal" });
  expect(pids.filter(isAlive)).toEqual([]);
  expect(await processes()).toEqual([]);
  const resumed = await outcomeOf(tidefill.start("resume", "busy", "--processes", "2"));
  expect(resumed.code).toBe(0);
  await allOnce();
});

test("when the first process is killed the further ones leave, and the run can be resumed", async () => {
  const first = start();
  const running = outcomeOf(first);
  await until(async () => (await processes()).length === 3, { describe: "three processes at work" });
  const others = (await processes()).filter((pid) => pid !== first.pid);
  first.kill("SIGKILL");
  await running;
  await until(async () => !others.some(isAlive), { describe: "the others are gone" });
  expect((await tidefill.run("resume", "busy")).code).toBe(0);
  await allOnce();
});

test("when a further process is killed the remaining ones do its rows, and the command says so", async () => {
  const first = start("--lease", "1s");
  const running = outcomeOf(first);
  await until(async () => (await processes()).length === 3, { describe: "three processes at work" });
  const other = (await processes()).find((pid) => pid !== first.pid);
  process.kill(other ?? 0, "SIGKILL");
  const { code, stderr } = await running;
  expect([code, stderr]).toEqual([
    0,
    expect.stringContaining("ended with SIGKILL; the remaining ones do its rows"),
  ]);
  await allOnce();
});

test("stages, the verify of each and the verify at the end use all processes, too", async () => {
  const { code, stderr } = await outcomeOf(
    startJob("label-all", "--stages", "30%,100%", "--soak", "1s", "--verify", "--json"),
  );
  expect([code, stderr]).toEqual([0, expect.not.stringContaining("warning")]);
  const runs = await database.query("select kind, status from tidefill.run order by id");
  expect(runs).toEqual([
    { kind: "run", status: "succeeded" },
    { kind: "verify", status: "succeeded" },
    { kind: "verify", status: "succeeded" },
  ]);
  const labelled = "select count(*)::integer as rows from counters where label = id::text";
  expect(await database.query(labelled)).toEqual([{ rows }]);
});

test("join is not for people, and a number of processes is checked", async () => {
  const typed = await outcomeOf(tidefill.start("join", "1"));
  expect([typed.code, typed.stderr]).toEqual([2, expect.stringContaining("tidefill resume 1")]);
  const many = await tidefill.run("run", "busy", "--processes", "0");
  expect([many.code, many.stderr]).toEqual([2, expect.stringContaining("--processes wants a whole number")]);
});
