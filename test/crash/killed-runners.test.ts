import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { useDatabase } from "../support/database.ts";
import { CommandLine, outcomeOf } from "../support/tidefill.ts";
import { until } from "../support/until.ts";
import {
  fillCounters,
  requireCountedOnce,
  rowsLeft,
  setCheckpointPace,
  setPace,
} from "./programs/counters.ts";
import { isLong, Random } from "./programs/random.ts";
import { RunnerProcess } from "./programs/runner-process.ts";
import { setDelay } from "./programs/work.ts";

const database = useDatabase();
let tidefill: CommandLine;

beforeAll(async () => {
  const job = await readFile(new URL("./jobs/count-rows.ts", import.meta.url), "utf8");
  tidefill = await CommandLine.open(database.url, { "count-rows.ts": job });
});
afterEach(async () => tidefill.killAll());
afterAll(async () => tidefill.close());

async function batchesCommitted(): Promise<number> {
  const [row] = await database.query("select sum(batches) as batches from tidefill.range");
  return Number(row?.batches);
}

async function untilBegun(): Promise<void> {
  await until(async () => (await database.query("select to_regclass('tidefill.run') as run"))[0]?.run, {
    describe: "the schema",
  });
  await until(async () => (await database.query("select from tidefill.run")).length === 1, {
    describe: "the run",
  });
}

/** Repeatedly kills a random one of three processes and replaces it at once. */
async function torment<P>(
  kills: number,
  random: Random,
  start: () => Promise<P>,
  kill: (process: P) => Promise<void>,
  first: P,
) {
  const processes = [first, await start(), await start()];
  for (let killed = 0; killed < kills; killed += 1) {
    await delay(random.between(20, 1_300));
    const which = random.between(0, processes.length - 1);
    await kill(processes[which]!);
    processes[which] = await start();
  }
  console.info(`${kills} kills, ${await batchesCommitted()} batches, ${await rowsLeft(database)} rows left`);
  for (const process of processes) await kill(process);
}

test("the command line, killed at random moments and restarted, counts each row exactly once", {
  tags: ["promise"],
}, async () => {
  const rows = isLong ? 200_000 : 20_000;
  await fillCounters(database, rows);
  setDelay(40);
  const options = ["count-rows", "--workers", "2", "--lease", "1s", "--json"] as const;
  const first = tidefill.start("run", ...options);
  await untilBegun();
  await setCheckpointPace(database, 0.15);
  const start = async (): Promise<ChildProcessWithoutNullStreams> => {
    // The fewer rows are left, the longer each takes, so that the run does not end before the last kill.
    setDelay((await rowsLeft(database)) < 4_000 ? 200 : 40);
    return tidefill.start("resume", ...options);
  };
  const kill = async (child: ChildProcessWithoutNullStreams): Promise<void> => {
    const ended = outcomeOf(child);
    child.kill("SIGKILL");
    const { stderr } = await ended;
    expect(child.signalCode, `it ended by itself: ${stderr}`).toBe("SIGKILL");
  };
  await torment(isLong ? 200 : 25, new Random("killed command line"), start, kill, first);
  setDelay(0);
  await setCheckpointPace(database, 0);
  const last = await Promise.all([tidefill.run("resume", ...options), tidefill.run("resume", ...options)]);
  expect(last.map(({ code, stdout }) => [code, JSON.parse(stdout).status])).toEqual([
    [0, "succeeded"],
    [0, "succeeded"],
  ]);
  await requireCountedOnce(database, rows);
});

test("processes of an SQL job, killed at random moments and replaced, count each row exactly once", async () => {
  const rows = isLong ? 200_000 : 20_000;
  await fillCounters(database, rows);
  await setPace(database, 0.000_5);
  const options = { url: database.url, job: "count-by-sql", workers: 2 } as const;
  const start = async (): Promise<RunnerProcess> => {
    if ((await rowsLeft(database)) < 4_000) await setPace(database, 0.003);
    return new RunnerProcess(options);
  };
  const kill = async (runner: RunnerProcess): Promise<void> => {
    runner.signal("SIGKILL");
    expect(await runner.ended, JSON.stringify(runner.told.at(-1))).toMatchObject({ signal: "SIGKILL" });
  };
  const first = await start();
  await untilBegun();
  await setCheckpointPace(database, 0.15);
  await torment(isLong ? 200 : 10, new Random("killed SQL job"), start, kill, first);
  await setPace(database, 0);
  await setCheckpointPace(database, 0);
  const last = [new RunnerProcess(options), new RunnerProcess(options)];
  for (const runner of last)
    expect([await runner.ended, runner.trouble]).toEqual([{ code: 0, signal: null }, null]);
  await requireCountedOnce(database, rows);
});
