import { cpus } from "node:os";
import pg from "pg";
import { afterEach, expect, test } from "vitest";
import { Processor } from "../../src/throttle/processor.ts";
import { useDatabase } from "../support/database.ts";
import { withEngine } from "./small-batches.ts";

const database = useDatabase();
const sessions: pg.Client[] = [];

afterEach(async () => {
  await Promise.all(sessions.splice(0).map((session) => session.end()));
});

/** So many sessions of one name, all of which have just done something. */
async function work(name: string, count: number): Promise<void> {
  for (let number = 0; number < count; number += 1) {
    const session = new pg.Client({ connectionString: database.url, application_name: name });
    await session.connect();
    await session.query("select 1");
    sessions.push(session);
  }
}

test("an application is told from people and monitors by its sessions of one name", async () => {
  await withEngine(database.url, async (db) => {
    await work("shop", 1);
    await work("somebody", 1);
    await work("tidefill increment", 2);
    expect(await new Processor().read(db)).toBeNull();
    await work("shop", 1);
    expect(await new Processor().read(db)).toEqual({
      signal: "processor",
      strain: 0.999,
      reason: `an application is at work on the same ${cpus().length} processors`,
      onlyRestsHelp: true,
    });
  });
});
