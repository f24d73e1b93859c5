import { expect, test } from "vitest";
import { useDatabase } from "../support/database.ts";
import { fillCounters, requireCountedOnce } from "./programs/counters.ts";
import { RunnerProcess } from "./programs/runner-process.ts";

const database = useDatabase();
const tenYears = 10 * 365.25 * 24 * 3_600_000;

test("runners whose clocks are ten years slow or fast neither lose nor steal a lease", {
  tags: ["promise"],
}, async () => {
  await fillCounters(database, 8_000);
  const options = { url: database.url, workers: 2 } as const;
  const slow = new RunnerProcess({ ...options, clockOffsetMs: -tenYears }, 30);
  await slow.tells("batch committed");
  const fast = new RunnerProcess({ ...options, clockOffsetMs: tenYears }, 30);
  await fast.tells("batch committed", 3);
  // The clocks were wrong indeed, and the times in the store come from the database's clock.
  const told = [slow, fast].map((runner) => Number(runner.all("clock")[0]?.now) - Date.now());
  expect(told.map((offset) => Math.round(offset / tenYears))).toEqual([-1, 1]);
  expect(
    await database.query(`
      select number from tidefill.range
      where status = 'leased' and abs(extract(epoch from lease_expires_at - clock_timestamp())) > 5`),
  ).toEqual([]);
  // The survivor must neither take its own leases for expired nor the dead runner's for valid for ever.
  slow.signal("SIGKILL");
  expect([await fast.ended, fast.trouble]).toEqual([{ code: 0, signal: null }, null]);
  expect(fast.all("lease lost")).toEqual([]);
  await requireCountedOnce(database, 8_000);
});
