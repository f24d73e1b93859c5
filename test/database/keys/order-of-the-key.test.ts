import { defineJob, resumeRun, rowsOf, runJob, table, update } from "tidefill";
import { beforeEach, expect, test } from "vitest";
import { useDatabase } from "../../support/database.ts";
import { emptyStore } from "../../support/empty-store.ts";
import { skipBefore } from "../../support/skip-before.ts";

const database = useDatabase();
const words = table("words", { key: "word", columns: { word: "text", n: "integer" } });
const job = defineJob({
  name: "count-words",
  source: rowsOf(words, { read: ["n"] }),
  transform: (row) => ({ n: row.n + 1 }),
  sink: update(words, ["n"]),
});

beforeEach(async () => {
  await database.query(emptyStore);
  await database.query("drop table if exists words");
  await database.query(
    'create table words (word text collate "C" primary key, n integer not null default 0)',
  );
  await database.query(`
    insert into words
    select case when g % 2 = 0 then 'a' else 'B' end || g
    from generate_series(1, 3000) g`);
});

async function startAndInterrupt(): Promise<void> {
  const stop = new AbortController();
  const report = await runJob(job, {
    connectionString: database.url,
    workers: 1,
    signal: stop.signal,
    onEvent: (event) => {
      if (event.type === "batch committed") stop.abort();
    },
  });
  expect(report).toMatchObject({ status: "interrupted", stopReason: "signal" });
}

test("a key whose collation changed since the run began refuses a resume, and no option accepts it", async () => {
  await startAndInterrupt();
  await database.query('alter table words alter column word type text collate "en-x-icu"');
  const resuming = resumeRun(job, "count-words", { connectionString: database.url, acceptChanges: true });
  await expect(resuming).rejects.toMatchObject({
    check: "order-is-unchanged",
    message: expect.stringContaining("is ordered otherwise"),
    remedy: expect.stringContaining("tidefill cancel count-words"),
  });
});

test("a unique index with an expression beside the key's column does not make that column a key", async () => {
  await database.query("drop table words");
  await database.query("create table words (word text not null, n integer not null default 0)");
  await database.query("create unique index on words (word, lower(word || n))");
  await expect(runJob(job, { connectionString: database.url })).rejects.toMatchObject({
    check: "key-orders-the-rows",
  });
});

test("a database whose collation version differs from the one its indexes were built with is refused", async (context) => {
  skipBefore(15, context);
  await database.query("drop table words");
  await database.query("create table words (word text primary key, n integer not null default 0)");
  const [kept] = await database.query(`
    select datcollversion is not null as kept from pg_database where datname = current_database()`);
  if (kept?.kept !== true) return;
  await database.query("update pg_database set datcollversion = 'of old' where datname = current_database()");
  await expect(runJob(job, { connectionString: database.url })).rejects.toMatchObject({
    check: "collation-is-unchanged",
    remedy: expect.stringContaining("refresh collation version"),
  });
  await database.query(`alter database ${database.name} refresh collation version`);
});
