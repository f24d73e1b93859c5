import { expect, test } from "vitest";
import { useDatabase } from "../support/database.ts";
import byRow from "./jobs/count-rows.ts";
import { fillCounters, requireCountedOnce } from "./programs/counters.ts";
import { anyStatement, Proxied } from "./programs/proxied.ts";
import { Random } from "./programs/random.ts";
import { setDelay, Work } from "./programs/work.ts";

const database = useDatabase();
const proxied = new Proxied(database);

test("the client's watchdog cuts connections that fall silent, and the run goes on", async () => {
  await fillCounters(database, 12_000);
  setDelay(30);
  const random = new Random("silent connections");
  const work = new Work(byRow, { connectionString: proxied.url, workers: 4 });
  await work.saw("batch committed");
  const silences = 4;
  for (let silent = 0; silent < silences; silent += 1) {
    await proxied.strike(work, { match: anyStatement, after: random.between(1, 12), action: "blackhole" });
  }
  setDelay(0);
  expect(await work.report).toMatchObject({ status: "succeeded", rows: { written: 12_000 } });
  // All of them still hang in the proxy: the engine did not wait for their end.
  expect(proxied.proxy.connections).toBeGreaterThanOrEqual(silences);
  await requireCountedOnce(database, 12_000);
});
