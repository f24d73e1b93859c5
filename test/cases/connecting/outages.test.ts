import { setTimeout as delay } from "node:timers/promises";
import { defineJob, rowsOf, runJob, table, update } from "tidefill";
import { beforeEach, expect, test } from "vitest";
import { useDatabase } from "../../support/database.ts";
import { emptyStore } from "../../support/empty-store.ts";
import { FaultProxy } from "../../support/fault-proxy.ts";
import { CommandLine, outcomeOf } from "../../support/tidefill.ts";
import { until } from "../../support/until.ts";

const database = useDatabase();
const notes = table("notes", { key: "id", columns: { id: "bigint", n: "integer" } });

beforeEach(async () => {
  await database.query(`${emptyStore}; drop table if exists notes`);
  await database.query("create table notes (id bigint primary key, n integer not null default 0)");
  await database.query("insert into notes (id) select generate_series(1, 3000); analyze notes");
});

test("a run that loses its server ends with the last known counts, and says so (16)", async () => {
  const { hostname, port } = new URL(database.url);
  const proxy = await FaultProxy.start({ host: hostname, port: Number(port || 5432) });
  const abort = new AbortController();
  let written = 0;
  const slow = defineJob({
    name: "slow",
    source: rowsOf(notes),
    transform: async ({ n }) => {
      await delay(5);
      return { n: n + 1 };
    },
    sink: update(notes, ["n"]),
  });
  const run = runJob(slow, {
    ...{ connectionString: proxy.url(database.url), workers: 1, signal: abort.signal },
    onEvent: (event) => {
      if (event.type === "batch committed") written += event.counts.written;
    },
  });
  await until(async () => written > 0, { describe: "a batch that is committed" });
  await proxy.stop();
  abort.abort();
  const report = await run;
  expect(report).toMatchObject({ status: "interrupted", stopReason: "signal" });
  expect(report.rows.written).toBeGreaterThanOrEqual(written);
  expect(report.message).toContain(
    "The database could not be reached at the end, so the counts are the last that this process saw.",
  );
});

test("a process that was frozen and lost its lease says so, even though the run has succeeded (16)", async () => {
  await database.query("delete from notes where id > 600");
  const text = `import { defineJob, rowsOf, table, update } from "tidefill";
const notes = table("notes", { key: "id", columns: { id: "bigint", n: "integer" } });
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
export default defineJob({ name: "slow", source: rowsOf(notes), sink: update(notes, ["n"]),
  transform: async ({ n }) => { await wait(30); return { n: n + 1 }; } });`;
  const tidefill = await CommandLine.open(database.url, { "slow.ts": text });
  try {
    const zombie = tidefill.start("run", "slow", "--workers", "1", "--lease", "1s");
    const ending = outcomeOf(zombie);
    const looks = "select sum(rows_written) as n from tidefill.range";
    const done = async () => Number((await database.query(looks).catch(() => []))[0]?.n ?? 0);
    await until(async () => (await done()) > 0, { describe: "a batch that is committed" });
    zombie.kill("SIGSTOP");
    expect((await tidefill.run("resume", "slow")).code).toBe(0);
    zombie.kill("SIGCONT");
    const { code, stderr } = await ending;
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /^lost {2}A lease on a range was lost: for longer than 1s its process was frozen, or could not reach the database\. Its batch was rolled back, and other workers did the rows; none was written twice\.$/m,
    );
    expect(await database.query("select min(n), max(n) from notes")).toEqual([{ min: 1, max: 1 }]);
  } finally {
    await tidefill.close();
  }
}, 90_000);
