import { expect, test } from "vitest";
import { useDatabase } from "../support/database.ts";
import byRow from "./jobs/count-rows.ts";
import { fillCounters } from "./programs/counters.ts";
import { setDelay, Work } from "./programs/work.ts";

const database = useDatabase();

/** Damage that a store may suffer while no process is working. Each leaves only ranges that are done. */
const damages = {
  "a range is missing": "delete from tidefill.range where number = 2",
  "the first range is missing": "delete from tidefill.range where number = 1",
  "a range ends too early":
    "update tidefill.range set through_key = '{7}', checkpoint = '{7}' where number = 2",
  "a range begins too late": "update tidefill.range set after_key = '{7777}' where number = 3",
  "a range stops short of its end": "update tidefill.range set checkpoint = '{7}' where number = 2",
};

test.each(Object.entries(damages))("no run succeeds when %s", { tags: ["promise"] }, async (_, damage) => {
  await fillCounters(database, 6_000);
  setDelay(5);
  // One worker does the first three ranges before the fourth.
  const begun = new Work(byRow, { connectionString: database.url, workers: 1 });
  await begun.saw("range done", 3);
  begun.stop();
  expect(await begun.report).toMatchObject({ status: "interrupted" });
  const done = await database.query(
    "select number from tidefill.range where number <= 3 and status <> 'done'",
  );
  expect(done).toEqual([]);
  await database.query(damage);
  setDelay(0);
  const resumed = new Work(byRow, { connectionString: database.url, workers: 2 }, { isResumed: true });
  expect(await resumed.report).toMatchObject({ status: "failed", stopReason: "error" });
});
