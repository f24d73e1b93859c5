import pg from "pg";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Processor } from "../../src/throttle/processor.ts";
import { useDatabase } from "../support/database.ts";
import { until } from "../support/until.ts";
import { withEngine } from "./small-batches.ts";

const database = useDatabase();
const users: pg.Client[] = [];

beforeEach(async () => {
  for (let number = 0; number < 6; number += 1) {
    const user = new pg.Client({ connectionString: database.url, application_name: `user ${number}` });
    await user.connect();
    users.push(user);
  }
});
afterEach(async () => {
  await Promise.all(users.splice(0).map((user) => user.end()));
});

test("an application at work beside the run is given way to, and one that rests is not", async () => {
  await withEngine(database.url, async (db) => {
    const processor = new Processor();
    for (const user of users) await user.query("select 1");
    expect(await processor.read(db)).toMatchObject({
      signal: "processor",
      strain: 0.99,
      reason: expect.stringContaining("an application is at work"),
      onlyRestsHelp: true,
    });
    await until(async () => (await processor.read(db)) === null, { describe: "that nobody is at work" });
  });
});
