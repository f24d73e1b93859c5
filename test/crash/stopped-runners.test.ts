import { expect, test } from "vitest";
import { useDatabase } from "../support/database.ts";
import { fillCounters, requireCountedOnce, setPace } from "./programs/counters.ts";
import { isLong, Random } from "./programs/random.ts";
import { RunnerProcess } from "./programs/runner-process.ts";

const database = useDatabase();

/** Too long to wait for: a process that resumes at once has found every range free. */
const lease = "10m";

async function requireInterrupted(runner: RunnerProcess): Promise<void> {
  expect(await runner.ended).toEqual({ code: 0, signal: null });
  expect(runner.all("report")).toMatchObject([{ status: "interrupted", stopReason: "signal" }]);
  expect(await database.query("select status, stop_reason from tidefill.run")).toEqual([
    { status: "interrupted", stop_reason: "signal" },
  ]);
  expect(await database.query("select number from tidefill.range where status = 'leased'")).toEqual([]);
  expect(await database.query("select id from tidefill.worker")).toEqual([]);
}

async function requireResumed(runner: RunnerProcess): Promise<void> {
  expect([await runner.ended, runner.trouble]).toEqual([{ code: 0, signal: null }, null]);
  await requireCountedOnce(database, 6_000);
}

test("a row job stopped by SIGTERM gives its leases back, and resumes at once", {
  tags: ["promise"],
}, async () => {
  const random = new Random("SIGTERM at a row job");
  for (let round = 1; round <= (isLong ? 50 : 3); round += 1) {
    await fillCounters(database, 6_000);
    const options = { url: database.url, workers: 3, lease } as const;
    const runner = new RunnerProcess(options, 30);
    await runner.tells("batch committed", random.between(1, 6));
    const before = runner.all("batch committed").length;
    runner.signal("SIGTERM");
    await requireInterrupted(runner);
    // Each worker finishes at most its current batch and one that it was about to begin.
    expect(runner.all("batch committed").length - before).toBeLessThanOrEqual(6);
    await requireResumed(new RunnerProcess({ ...options, mode: "resume" }));
  }
});

test("an SQL job stopped by SIGTERM gives its leases back, and resumes at once", async () => {
  await fillCounters(database, 6_000);
  await setPace(database, 0.000_5);
  const options = { url: database.url, job: "count-by-sql", workers: 3, lease } as const;
  const runner = new RunnerProcess(options);
  await runner.tells("batch committed");
  runner.signal("SIGTERM");
  await requireInterrupted(runner);
  await setPace(database, 0);
  await requireResumed(new RunnerProcess({ ...options, mode: "resume" }));
});
