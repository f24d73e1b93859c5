import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { useDatabase } from "../support/database.ts";
import byRow from "./jobs/count-rows.ts";
import { fillCounters, requireCountedOnce, setCheckpointPace } from "./programs/counters.ts";
import { anyStatement, Following, Proxied } from "./programs/proxied.ts";
import { isLong, Random } from "./programs/random.ts";
import { terminateOne } from "./programs/terminate.ts";
import { setDelay, Work } from "./programs/work.ts";

const database = useDatabase();
const proxied = new Proxied(database);
const rows = isLong ? 200_000 : 12_000;

test("backends terminated at random moments cost time, but neither a row nor the run", {
  tags: ["promise"],
}, async () => {
  await fillCounters(database, rows);
  setDelay(30);
  const random = new Random("terminated backends");
  const work = new Work(byRow, { connectionString: database.url, workers: 4 });
  await work.saw("batch committed");
  await setCheckpointPace(database, 0.03);
  const terminations = isLong ? 1_000 : 60;
  // On a busy machine all of them may strike connections that are idle.
  for (let done = 0; done < terminations || work.all("batch failed").length === 0; ) {
    await delay(random.between(0, 60));
    done += await terminateOne(database);
    work.failIfOver(`termination ${done}`);
  }
  setDelay(0);
  await setCheckpointPace(database, 0);
  expect(await work.report).toMatchObject({ status: "succeeded", rows: { written: rows } });
  expect(work.all("batch failed").length).toBeGreaterThan(0);
  await requireCountedOnce(database, rows);
});

test("connections reset at random messages cost time, but neither a row nor the run", {
  tags: ["promise"],
}, async () => {
  await fillCounters(database, rows);
  setDelay(30);
  const random = new Random("reset connections");
  const work = new Work(byRow, { connectionString: proxied.url, workers: 4 });
  await work.saw("batch committed");
  await setCheckpointPace(database, 0.03);
  for (let done = 0; done < (isLong ? 1_000 : 60); done += 1) {
    const action = random.pick(["reset-before", "reset-after"] as const);
    await proxied.strike(work, { match: anyStatement, after: random.between(1, 30), action });
  }
  setDelay(0);
  await setCheckpointPace(database, 0);
  expect(await work.report).toMatchObject({ status: "succeeded", rows: { written: rows } });
  await requireCountedOnce(database, rows);
});

const leave = /^\s*delete from "tidefill"\."worker"/;

async function requireReport(match: RegExp): Promise<void> {
  await fillCounters(database, 700);
  const work = new Work(byRow, { connectionString: proxied.url, workers: 2 });
  await proxied.strike(work, { match, action: "reset-before" });
  expect(await work.report).toMatchObject({ status: "succeeded", rows: { written: 700 } });
  await requireCountedOnce(database, 700);
}

test("a connection lost as a process leaves its run does not hide how the run ended", async () => {
  await requireReport(leave);
});

// executeRun's end() asks once, possibly over the connection that has just broken.
test.each([
  ["run", /^\s*select run\.\*, case/],
  ["progress", /since_checkpoint/],
] as const)(
  "a connection lost as the %s is read for the report does not hide how the run ended",
  async (_, statement) => {
    await requireReport(new Following(leave, statement));
  },
);
