import { afterEach, beforeEach, expect, test } from "vitest";
import { useDatabase } from "../support/database.ts";
import { fillCounters, requireCountedOnce } from "./programs/counters.ts";
import { RunnerProcess } from "./programs/runner-process.ts";
import { SplitRelay } from "./programs/split-relay.ts";

const database = useDatabase();
let relay: SplitRelay;

beforeEach(async () => {
  await fillCounters(database, 700);
  relay = await SplitRelay.start(database.url);
});
afterEach(async () => relay.stop());

/** A separate process, since these faults end it or make it hang. */
async function requireUnharmed(workers = 2): Promise<void> {
  const runner = new RunnerProcess({ url: relay.url(database.url), workers });
  expect([await runner.ended, runner.trouble]).toEqual([{ code: 0, signal: null }, null]);
  expect(relay.strikes).toBe(1);
  await requireCountedOnce(database, 700);
}

// pg-cursor considers itself done at CommandComplete and ignores errors after it. The read that waits for
// ReadyForQuery never settles, while renewals of its lease keep all other workers away.
test("a connection that ends between the last row of a read and ReadyForQuery is noticed", {
  timeout: 10_000,
}, async () => {
  relay.cutAfterCommandComplete(/^(?:\/\*.*?\*\/)?\s*select\b.*\.xmin\b/s);
  await requireUnharmed();
});

// pg-pool removes its listener before it hands out the client, so what follows in the same packet reaches no
// listener.
test("a connection terminated in the same packet that says it is ready ends no process", async () => {
  relay.terminateAtFirstReady(1);
  // Enough for more sessions than one, whatever they share.
  await requireUnharmed(8);
}, 10_000);
