import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { useDatabase } from "../support/database.ts";
import { fillCounters, requireCountedOnce, rowsLeft, setPace } from "./counters.ts";
import { isLong, Random } from "./random.ts";
import { RunnerProcess } from "./runner-process.ts";

const database = useDatabase();

/** Processes on one run of which a random one is killed again and again, and replaced at once. */
async function torment(
  job: "count-rows" | "count-by-sql",
  rows: number,
  kills: number,
  random: Random,
): Promise<string> {
  await fillCounters(database, rows);
  if (job === "count-by-sql") await setPace(database, 0.000_4);
  const options = { url: database.url, job, workers: 2 } as const;
  // With few rows left each takes longer, so that the run does not end before the last kill.
  const start = async () => new RunnerProcess(options, (await rowsLeft(database)) < 4_000 ? 200 : 40);
  const runners = [await start(), await start(), await start()];
  let batches = 0;
  for (let killed = 0; killed < kills; killed += 1) {
    await delay(random.between(20, 1_300));
    const which = random.between(0, runners.length - 1);
    const victim = runners[which]!;
    victim.signal("SIGKILL");
    expect(await victim.ended, victim.trouble ?? "the run ended too early").toMatchObject({
      signal: "SIGKILL",
    });
    batches += victim.all("batch committed").length;
    runners[which] = await start();
  }
  const left = await rowsLeft(database);
  for (const runner of runners) runner.signal("SIGKILL");
  await setPace(database, 0);
  const last = [new RunnerProcess(options), new RunnerProcess(options)];
  for (const runner of last) {
    expect(await runner.ended).toMatchObject({ signal: null });
    expect(runner.trouble).toBe(null);
  }
  return `${kills} kills; their victims had committed ${batches} batches; ${left} rows were left`;
}

test("runners of a row job, killed at random moments and replaced, count each row exactly once", async () => {
  const rows = isLong ? 100_000 : 12_000;
  console.info(await torment("count-rows", rows, isLong ? 200 : 25, new Random("killed row job")));
  await requireCountedOnce(database, rows);
}, 900_000);
