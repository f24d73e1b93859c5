import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Cluster } from "../../src/embedded/cluster.ts";
import bySql from "./jobs/count-by-sql.ts";
import byRow from "./jobs/count-rows.ts";
import {
  type Asked,
  fillCounters,
  requireCountedOnce,
  setCheckpointPace,
  setPace,
} from "./programs/counters.ts";
import { isLong, Random } from "./programs/random.ts";
import { askAnew } from "./programs/restarts.ts";
import { setDelay, Work } from "./programs/work.ts";

// Committed data, handed to the operating system, survives the server's death, if not the machine's.
const settings = { fsync: "off" };
const rows = isLong ? 300_000 : 20_000;
let cluster: Cluster;
let database: Asked;

beforeAll(async () => {
  cluster = await Cluster.open({ settings });
  database = { query: (text, values) => askAnew(cluster, text, values) };
});
afterAll(async () => cluster.stop("immediate"));

/** Repeatedly kills the server during a run; uncommitted work is lost each time. */
async function crash(work: Work, times: number, random: Random): Promise<void> {
  await work.saw("batch committed");
  await setCheckpointPace(database, 0.05);
  for (let crashed = 1; crashed <= times; crashed += 1) {
    await work.saw("batch committed", work.all("batch committed").length + random.between(1, 12));
    await delay(random.between(0, 150));
    await cluster.restart("immediate");
    work.failIfOver(`crash ${crashed + 1} of the server`);
  }
  await setCheckpointPace(database, 0);
}

test("a row job survives a server that is restarted without a shutdown", { tags: ["promise"] }, async () => {
  await fillCounters(database, rows);
  setDelay(25);
  const work = new Work(byRow, { connectionString: cluster.url(), workers: 4 });
  await crash(work, isLong ? 50 : 4, new Random("row job on a crashing server"));
  setDelay(0);
  expect(await work.report).toMatchObject({ status: "succeeded", rows: { written: rows } });
  await requireCountedOnce(database, rows);
});

test("an SQL job survives a server that is restarted without a shutdown", async () => {
  await fillCounters(database, rows);
  await setPace(database, 0.000_5);
  const work = new Work(bySql, { connectionString: cluster.url(), workers: 4 });
  await crash(work, isLong ? 50 : 3, new Random("SQL job on a crashing server"));
  await setPace(database, 0);
  expect(await work.report).toMatchObject({ status: "succeeded", rows: { written: rows } });
  await requireCountedOnce(database, rows);
});
