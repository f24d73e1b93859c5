import { afterAll, beforeAll, expect, test } from "vitest";
import { Cluster } from "../../src/embedded/cluster.ts";
import byRow from "./jobs/count-rows.ts";
import { type Asked, fillCounters, requireCountedOnce } from "./programs/counters.ts";
import { askAnew } from "./programs/restarts.ts";
import { Work } from "./programs/work.ts";

// With these settings the server answers COMMIT long before the commit is safe, like one that fails over to a
// lagging replica.
const settings = { synchronous_commit: "off", wal_writer_delay: "10s", wal_writer_flush_after: "1GB" };
const rows = 200_000;
let cluster: Cluster;
let database: Asked;

beforeAll(async () => {
  cluster = await Cluster.open({ settings });
  database = { query: (text, values) => askAnew(cluster, text, values) };
});
afterAll(async () => cluster.stop("immediate"));

/** Makes everything committed so far durable. */
async function flush(): Promise<void> {
  await database.query(
    "begin; set local synchronous_commit = on; create table flushed (); drop table flushed; commit",
  );
}

test("a server that loses acknowledged commits costs no row: the range goes on from the server's checkpoint", async () => {
  await fillCounters(database, rows);
  await database.query("checkpoint");
  const work = new Work(byRow, { connectionString: cluster.url(), workers: 1, lease: "1s" });
  await work.saw("batch committed", 10);
  const leased = work.all("range leased").length;
  await work.saw("range leased", leased + 1);
  await work.saw("batch committed", work.all("batch committed").length + 1);
  await flush();
  const flushed = work.all("batch committed").length;
  await work.saw("batch committed", flushed + 2);
  await cluster.restart("immediate");
  expect(await work.report).toMatchObject({ status: "succeeded" });
  // Commits were lost: batches reported as committed were done again.
  const told = work.all("batch committed").reduce((sum, { counts }) => sum + counts.written, 0);
  expect(told).toBeGreaterThan(rows);
  await requireCountedOnce(database, rows);
});
