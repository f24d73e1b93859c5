import { defineSqlJob, rowsOf, sql, table, update } from "tidefill";
import { beforeEach, describe, expect, test } from "vitest";
import { openJob } from "../../src/plan/open-job.ts";
import { createPool } from "../../src/postgres/connection/create-pool.ts";
import { Database } from "../../src/postgres/transaction/database.ts";
import { useDatabase } from "../support/database.ts";
import { emptyStore } from "../support/empty-store.ts";
import { CommandLine, outcomeOf } from "../support/tidefill.ts";
import { until } from "../support/until.ts";

const database = useDatabase();
const notes = table("notes", { key: "id", columns: { id: "bigint", n: "integer" } });
const job = defineSqlJob({ name: "count", source: rowsOf(notes), sink: update(notes, { n: sql`n + 1` }) });
const text = `import { defineSqlJob, rowsOf, sql, table, update } from "tidefill";
const notes = table("notes", { key: "id", columns: { id: "bigint", n: "integer" } });
export default defineSqlJob({ name: "count", source: rowsOf(notes), sink: update(notes, { n: sql\`n + 1\` }), pace: { rowsPerSecond: 1000 } });`;

beforeEach(async () => {
  await database.query(`${emptyStore}; drop table if exists notes cascade`);
  await database.query(
    "create table notes (id bigint primary key, n integer not null default 0) with (autovacuum_enabled = off)",
  );
});

async function estimate(): Promise<number> {
  const pool = createPool({ connectionString: database.url, applicationName: "test", maxConnections: 1 });
  const db = new Database(pool);
  try {
    return (await openJob(db, job, {})).estimate.rows;
  } finally {
    await db.close();
  }
}

describe("the estimate of rows", () => {
  test("is about right for a table that was never analyzed (16)", async () => {
    await database.query("insert into notes (id) select generate_series(1, 20000)");
    expect(await estimate()).toBe(20_000);
  });

  test("is not doubled for a table whose rows were all updated (16)", async () => {
    await database.query("insert into notes (id) select generate_series(1, 60000); analyze notes");
    await database.query("update notes set n = 1");
    expect(await estimate()).toBeGreaterThan(54_000);
    expect(await estimate()).toBeLessThan(66_000);
  });

  test("is about right for a table that was truncated and refilled (16)", async () => {
    await database.query("insert into notes (id) select generate_series(1, 60000); analyze notes");
    await database.query("truncate notes");
    await database.query("insert into notes (id) select generate_series(1, 20000)");
    expect(await estimate()).toBe(20_000);
  });

  test("is about right for partitions and for an empty table (16)", async () => {
    expect(await estimate()).toBe(0);
    await database.query("drop table notes");
    await database.query(
      "create table notes (id bigint primary key, n integer not null default 0) partition by range (id)",
    );
    await database.query("create table low partition of notes for values from (0) to (500)");
    await database.query("create table high partition of notes for values from (500) to (9000)");
    await database.query("insert into notes (id) select generate_series(1, 2000)");
    expect(await estimate()).toBe(2_000);
  });
});

test("a run that was killed reports no speed above its cap (16)", async () => {
  await database.query("insert into notes (id) select generate_series(1, 60000)");
  const tidefill = await CommandLine.open(database.url, { "count.ts": text });
  try {
    const child = tidefill.start("run", "count", "--lease", "1s");
    const ended = outcomeOf(child);
    const looks = "select sum(rows_read) as read from tidefill.range";
    const done = async () => Number((await database.query(looks).catch(() => []))[0]?.read ?? 0);
    await until(async () => (await done()) > 2_500, { describe: "some rows that are done" });
    child.kill("SIGKILL");
    await ended;
    const isOver = async () => (await tidefill.json("status", "count")).value.status === "interrupted";
    await until(isOver, { describe: "a run whose process has vanished", everyMs: 500 });
    const { value } = await tidefill.json("status", "count");
    expect(value.rowsPerSecond).toBeGreaterThan(0);
    expect(value.rowsPerSecond).toBeLessThanOrEqual(1_500);
  } finally {
    await tidefill.close();
  }
}, 60_000);
