import { expect, test } from "vitest";
import { useDatabase } from "../support/database.ts";
import { until } from "../support/until.ts";
import bySql from "./jobs/count-by-sql.ts";
import byRow from "./jobs/count-rows.ts";
import { fillCounters, requireCountedOnce, setPace } from "./programs/counters.ts";
import { batchCommit, Proxied } from "./programs/proxied.ts";
import { isLong, Random } from "./programs/random.ts";
import { setDelay, Work } from "./programs/work.ts";

const database = useDatabase();
const proxied = new Proxied(database);
const rows = isLong ? 100_000 : 6_000;
const truths = { swallow: "rolled back", "swallow-reply": "committed" } as const;

/** Loses one commit of a batch after another, and returns what the engine concludes each time. */
async function loseCommits(work: Work, losses: number, random: Random): Promise<string[]> {
  const expected: string[] = [];
  while (expected.length < losses) {
    const action = expected.length % 2 === 0 ? "swallow" : "swallow-reply";
    const before = work.all("batch committed").length;
    await proxied.strike(work, { match: batchCommit(), after: random.between(1, 2), action });
    const resolved = await until(
      async () => {
        const outcome = work.all("commit resolved")[expected.length]?.outcome;
        // Batches go on undisturbed: the lost commit was a heartbeat's.
        const isBeside = work.all("batch committed").length > before + 3;
        return outcome ?? (isBeside ? "beside" : work.failIfOver("a lost commit was resolved"));
      },
      { describe: "a lost commit is resolved", everyMs: 2 },
    );
    if (resolved === "beside") continue;
    expect(resolved).toBe(truths[action]);
    expected.push(truths[action]);
  }
  return expected;
}

test("a lost COMMIT of a row job is redone only if it was not executed", { tags: ["promise"] }, async () => {
  await fillCounters(database, rows);
  setDelay(40);
  const random = new Random("lost commits of a row job");
  const work = new Work(byRow, { connectionString: proxied.url, workers: 1, lease: "10m" });
  await work.saw("batch committed");
  const expected = await loseCommits(work, isLong ? 100 : 12, random);
  setDelay(0);
  expect(await work.report).toMatchObject({ status: "succeeded", rows: { written: rows } });
  expect(work.all("commit resolved").map((event) => event.outcome)).toEqual(expected);
  await requireCountedOnce(database, rows);
});

test("a lost COMMIT of an SQL job is redone only if it was not executed", async () => {
  await fillCounters(database, rows);
  await setPace(database, 0.000_5);
  const random = new Random("lost commits of an SQL job");
  const work = new Work(bySql, { connectionString: proxied.url, workers: 1, lease: "10m" });
  await work.saw("batch committed");
  const expected = await loseCommits(work, isLong ? 100 : 12, random);
  await setPace(database, 0);
  expect(await work.report).toMatchObject({ status: "succeeded", rows: { written: rows } });
  expect(work.all("commit resolved").map((event) => event.outcome)).toEqual(expected);
  await requireCountedOnce(database, rows);
});

test("a lost COMMIT of any transaction, including the store's, neither stops a run nor corrupts a row", async () => {
  await fillCounters(database, 2 * rows);
  setDelay(20);
  const random = new Random("lost commits of any transaction");
  const work = new Work(byRow, { connectionString: proxied.url, workers: 4 });
  await work.saw("batch committed");
  const losses = isLong ? 200 : 20;
  for (let lost = 0; lost < losses; lost += 1) {
    const action = random.pick(["swallow", "swallow-reply"] as const);
    await proxied.strike(work, { match: /^commit$/, after: random.between(1, 8), action });
  }
  setDelay(0);
  expect(await work.report).toMatchObject({ status: "succeeded", rows: { written: 2 * rows } });
  await requireCountedOnce(database, 2 * rows);
});
