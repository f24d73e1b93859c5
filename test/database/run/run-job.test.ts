import { defineJob, defineSqlJob, rowsOf, runJob, sql, table, update } from "tidefill";
import { expect, test } from "vitest";
import { useDatabase } from "../../support/database.ts";
import { emptyStore } from "../../support/empty-store.ts";

const database = useDatabase();
const counters = table("counters", { key: "id", columns: { id: "bigint", n: "integer", done: "boolean" } });

async function fill(rows: number): Promise<void> {
  await database.query(emptyStore);
  await database.query("drop table if exists counters");
  await database.query(
    "create table counters (id bigint primary key, n integer not null default 0, done boolean not null default false)",
  );
  await database.query("insert into counters (id) select g from generate_series(1, $1::integer) g", [rows]);
}

const increment = defineJob({
  name: "increment",
  source: rowsOf(counters, { read: ["n"] }),
  transform: (row) => ({ n: row.n + 1 }),
  sink: update(counters, ["n"]),
});

test("a row job writes every row exactly once", async () => {
  await fill(25_000);
  const report = await runJob(increment, { connectionString: database.url });
  expect(report).toMatchObject({
    status: "succeeded",
    stopReason: "finished",
    progress: 1,
    rows: { read: 25_000, written: 25_000 },
  });
  expect(await database.query("select min(n), max(n), count(*)::integer from counters")).toEqual([
    { min: 1, max: 1, count: 25_000 },
  ]);
});

test("an SQL job writes every row exactly once", async () => {
  await fill(25_000);
  const job = defineSqlJob({
    name: "increment",
    source: rowsOf(counters, { pending: sql`not done` }),
    sink: update(counters, { n: sql`n + 1`, done: sql`true` }),
  });
  const report = await runJob(job, { connectionString: database.url });
  expect(report).toMatchObject({ status: "succeeded", rows: { read: 25_000, written: 25_000 } });
  expect(await database.query("select min(n), max(n) from counters where done")).toEqual([
    { min: 1, max: 1 },
  ]);
});
