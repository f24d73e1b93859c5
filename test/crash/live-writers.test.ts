import { setTimeout as delay } from "node:timers/promises";
import { defineJob, defineSqlJob, type Job, rowsOf, sql, table, update } from "tidefill";
import { expect, test } from "vitest";
import { useDatabase } from "../support/database.ts";
import { emptyStore } from "../support/empty-store.ts";
import { until } from "../support/until.ts";
import { Application } from "./programs/application.ts";
import { requireSucceeded } from "./programs/counters.ts";
import { isLong, Random } from "./programs/random.ts";
import { Work } from "./programs/work.ts";

const database = useDatabase();
const rows = isLong ? 40_000 : 6_000;
const batchTime = "100ms";

const documents = table("documents", {
  key: "id",
  columns: { id: "bigint", content: "text", words: "integer?", n: "integer" },
});
const source = rowsOf(documents, { read: ["content", "n"], pending: sql`words is null` });
const count = defineJob({
  name: "count-words",
  pace: { batchTime },
  source,
  transform: async ({ content, n }) => {
    await delay(10);
    return { words: content.split(" ").length, n: n + 1 };
  },
  sink: update(documents, ["words", "n"]),
});
const countBySql = defineSqlJob({
  name: "count-words",
  pace: { batchTime },
  source,
  sink: update(documents, { words: sql`slow_words(content)`, n: sql`n + 1` }),
});

async function fillDocuments(): Promise<void> {
  await database.query(emptyStore);
  await database.query("drop table if exists documents");
  await database.query(`create or replace function slow_words(content text) returns integer language plpgsql as
    'begin perform pg_sleep(0.0004); return cardinality(string_to_array(content, '' '')); end'`);
  await database.query(`create table documents (id bigint primary key, content text not null default 'an afterthought',
    words integer, n integer not null default 0, other integer not null default 0)`);
  await database.query(
    "insert into documents (id, content) select 10 * g, repeat('word ', g % 50) || 'end' from generate_series(1, $1::integer) g",
    [rows],
  );
  await database.query("analyze documents");
}

test.each([
  ["a row job", count],
  ["an SQL job", countBySql],
] as const)("%s costs concurrent writers no update, no deadlock and no long wait", async (name, job: Job) => {
  await fillDocuments();
  const application = new Application(database.url, rows, 3, new Random(`live writers and ${name}`));
  await until(async () => application.transactions > 20, { describe: "an application at work" });
  const work = new Work(job, { connectionString: database.url, workers: 3 });
  await work.saw("run started");
  // The writers never rest: a run that gave way to them at the processor would never end.
  await database.query(`update tidefill.run set pace = pace || '{"ignore": ["processor"]}'`);
  // No row is inserted behind the run from here on; the sweeps have to find those inserted before.
  await work.saw("sweep started");
  application.isSettled = true;
  expect(await work.report).toMatchObject({ status: "succeeded", message: null });
  await application.stop();
  const { transactions, errors, inserted, deleted, increments } = application;
  const retried = work.all("batch failed").length;
  console.info(
    `${name}: ${transactions} transactions, ${inserted} rows inserted, ${deleted} deleted, ${retried} batches gave way; ` +
      `statements took up to ${application.permille(1_000)} ms (99 % within ${application.permille(990)} ms; twice the batch time: 200 ms)`,
  );
  expect(errors).toEqual([]);
  expect(application.permille(1_000)).toBeLessThan(5_000);
  // Words are counted by plain SQL: an overwritten increment of the application would be missing.
  expect(
    await database.query(`
      select count(*)::integer as rows, sum(other)::integer as other,
        count(*) filter (where n <> 1 or words is distinct from cardinality(string_to_array(content, ' ')))::integer as wrong
      from documents`),
  ).toEqual([{ rows: rows + inserted - deleted, other: increments, wrong: 0 }]);
  const [swept] = await database.query(
    "select sum(rows_written)::integer as rows from tidefill.range where sweep > 0",
  );
  expect(swept?.rows).toBeGreaterThan(0);
  await requireSucceeded(database);
});
