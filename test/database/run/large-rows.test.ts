import {
  type ColumnType,
  defineJob,
  type EngineEvent,
  type RunReport,
  rowsOf,
  runJob,
  table,
  update,
} from "tidefill";
import { expect, test } from "vitest";
import { useDatabase } from "../../support/database.ts";

const database = useDatabase();
const megabyte = 1_048_576;

/** Reads a large column of every row and writes a small one; returns the report and the engine's events. */
async function touchAll(
  ddl: string,
  declared: ColumnType,
  value: string,
  rows: number,
): Promise<{ readonly report: RunReport; readonly events: readonly EngineEvent[] }> {
  await database.query(`
    drop table if exists large;
    create table large (id bigint primary key, body ${ddl} not null, n integer not null default 0);
    insert into large (id, body) select g, ${value} from generate_series(1, ${rows}) g`);
  const large = table("large", { key: "id", columns: { id: "bigint", body: declared, n: "integer" } });
  const touch = defineJob({
    name: "touch",
    source: rowsOf(large),
    transform: (row) => ({ n: row.n + 1 }),
    sink: update(large, ["n"]),
    pace: { batchTime: "5s" },
  });
  const events: EngineEvent[] = [];
  const report = await runJob(touch, {
    connectionString: database.url,
    again: true,
    workers: 1,
    onEvent: (event) => events.push(event),
    signal: AbortSignal.timeout(30_000),
  });
  expect(await database.query("select min(n), max(n), count(*)::integer from large")).toEqual([
    { min: 1, max: 1, count: rows },
  ]);
  return { report, events };
}

/** The row count of the largest batch, done or not. */
function mostRows(events: readonly EngineEvent[]): number {
  const rows = events.map((event) => {
    if (event.type === "batch committed") return event.counts.read;
    return event.type === "batch failed" ? (event.rows ?? 0) : 0;
  });
  return Math.max(...rows);
}

function failedForSize(events: readonly EngineEvent[]): number {
  return events.filter((event) => event.type === "batch failed" && event.reason === "size").length;
}

test("rows of a megabyte are read a few at a time", { tags: ["promise"] }, async () => {
  const { report, events } = await touchAll("text", "text", `repeat(md5(g::text), ${megabyte / 32})`, 20);
  expect(report).toMatchObject({ status: "succeeded", rows: { read: 20, written: 20 } });
  expect(mostRows(events)).toBeLessThanOrEqual(4);
  expect(failedForSize(events)).toBe(0);
});

test("a row larger than the budget of a batch is a batch of its own", { tags: ["promise"] }, async () => {
  const { report, events } = await touchAll("text", "text", `repeat('x', ${12 * megabyte})`, 3);
  expect(report).toMatchObject({ status: "succeeded", rows: { written: 3 } });
  expect(mostRows(events)).toBe(1);
});

test("a batch of bytea within its budget never fails for its size", async () => {
  const { events } = await touchAll(
    "bytea",
    "bytea",
    `decode(repeat(md5(g::text), ${megabyte / 16}), 'hex')`,
    20,
  );
  expect(failedForSize(events)).toBe(0);
});

test("rows that are small on disk and large on the wire end up in batches of a few", async () => {
  const { report, events } = await touchAll(
    "jsonb",
    "jsonb text",
    `jsonb_build_object('text', repeat('x', ${megabyte}))`,
    60,
  );
  expect(report).toMatchObject({ status: "succeeded", rows: { read: 60 } });
  const committed = events.filter((event) => event.type === "batch committed");
  expect(Math.max(...committed.map((event) => event.counts.read))).toBeLessThanOrEqual(10);
});
