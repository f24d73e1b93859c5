import {
  defineJob,
  defineSqlJob,
  insertInto,
  resumeRun,
  rows,
  rowsOf,
  runJob,
  sql,
  table,
  update,
  verifyRun,
} from "tidefill";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { EngineEvent } from "../../../src/engine/report/events.ts";
import { useDatabase } from "../../support/database.ts";
import { freshSchemas } from "../../support/fresh-schemas.ts";

const waited = vi.hoisted(() => ({ times: 0 }));

// Its clock moves only when the test says so: here, while a difference is waited for.
vi.mock("../../../src/engine/verify/compared-scope.ts", async (original) => ({
  ...(await original<typeof import("../../../src/engine/verify/compared-scope.ts")>()),
  settle: async () => {
    waited.times += 1;
    vi.advanceTimersByTime(1_000);
  },
}));

const database = useDatabase();
const things = table("things", { key: "id", columns: { id: "bigint", a: "integer?", b: "integer?" } });
const target = table("target", { key: "id", columns: { id: "bigint", b: "integer?" } });

beforeEach(async () => {
  await freshSchemas(
    database,
    `
    create table things (id bigint primary key, a integer, b integer);
    insert into things select g, g, null from generate_series(1, 2000) g;
    create table target (id bigint primary key, b integer);
    analyze things`,
  );
  waited.times = 0;
});
afterEach(() => {
  vi.useRealTimers();
});

const byRows = defineJob({
  name: "by-rows",
  source: rowsOf(things, { read: ["a"] }),
  transform: ({ a }) => ({ b: a }),
  sink: update(things, ["b"]),
});
const bySql = defineSqlJob({
  name: "by-sql",
  source: rowsOf(things),
  sink: update(things, { b: sql`a` }),
});
const seed = defineJob({
  name: "seed",
  source: rows(
    Array.from({ length: 2_000 }, (_, index) => ({ id: BigInt(index), b: index })),
    { columns: { id: "bigint", b: "integer" } },
  ),
  transform: (row) => row,
  sink: insertInto(target, ["id", "b"]),
});

test.each([byRows, bySql, seed])(
  "the wait for differing rows of $name does not count as commit time, and makes no batch smaller",
  async (job) => {
    const options = { connectionString: database.url, workers: 1 };
    expect(await runJob(job, options)).toMatchObject({ status: "succeeded", rows: { written: 2_000 } });
    await database.query("update things set b = -1; update target set b = -1");
    vi.useFakeTimers({ toFake: ["performance"] });
    const batches: Extract<EngineEvent, { type: "batch committed" }>[] = [];
    // One worker from its first batch on, so that no other worker waits while a batch is measured.
    const { run } = await verifyRun(job, { ...options, signal: AbortSignal.abort() });
    const report = await resumeRun(job, String(run), {
      ...options,
      onEvent: (event) => {
        if (event.type === "batch committed" && event.counts.conflicted > 0) batches.push(event);
      },
    });
    expect(report).toMatchObject({ status: "succeeded", rows: { read: 2_000, conflicted: 2_000 } });
    expect(waited.times, "once for each batch").toBe(batches.length);
    for (const { seconds } of batches)
      expect(seconds).toEqual({ read: 0, transform: 0, write: 0, commit: 0 });
    expect(Math.max(...batches.map(({ counts }) => counts.read))).toBeGreaterThan(300);
  },
);
