import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Cluster } from "../../../src/embedded/cluster.ts";
import { skipBefore } from "../../support/skip-before.ts";
import { CommandLine } from "../../support/tidefill.ts";

interface Interval {
  readonly low: number;
  readonly high: number;
}

interface Forecast {
  readonly seconds: Interval | null;
  readonly measuredByRun: number | null;
  readonly walBytes: Interval;
  readonly growthBytes: Interval;
  readonly deadBytes: Interval;
  readonly undoLogBytes: Interval;
  readonly advice: readonly { readonly action: string; readonly bytes: number | null }[];
}

const rows = 20_000;
const tables = `import { table } from "tidefill";
export const notes = table("notes", { key: "id", columns: { id: "bigint", body: "text", words: "integer?" } });
export const copies = table("copies", { key: "id", columns: { id: "bigint", body: "text", words: "integer?" } });`;
const job = (name: string, imports: string, definition: string): string => `
  import { ${imports}, rowsOf, sql } from "tidefill";
  import { copies, notes } from "./tables.ts";
  export default define${imports.includes("defineJob") ? "" : "Sql"}Job({ name: "${name}", source: rowsOf(notes${definition} });`;

const jobs = {
  "tables.ts": tables,
  "count-by-sql.ts": job(
    "count-by-sql",
    "defineSqlJob, update",
    "), sink: update(notes, { words: sql`cardinality(string_to_array(body, ' '))` })",
  ),
  "count-by-row.ts": job(
    "count-by-row",
    "defineJob, update",
    ', { read: ["body"] }), transform: ({ body }) => ({ words: body.length }), sink: update(notes, ["words"])',
  ),
  "slowly.ts": job(
    "slowly",
    "defineSqlJob, update",
    "), pace: { rowsPerSecond: 4_000 }, sink: update(notes, { words: sql`0` })",
  ),
  "rewrite.ts": job(
    "rewrite",
    "defineSqlJob, update",
    "), sink: update(notes, { body: sql`reverse(body)` })",
  ),
  "copy.ts": job(
    "copy",
    "defineSqlJob, insertInto",
    "), sink: insertInto(copies, { id: sql`id`, body: sql`body`, words: sql`words` })",
  ),
  "remove.ts": job("remove", "defineSqlJob, deleteFrom", "), sink: deleteFrom(notes)"),
};

let cluster: Cluster;
let pool: pg.Pool;
let commandLine: CommandLine;

// A server of its own: WAL is counted for the whole server, and no vacuum may interfere.
beforeAll(async () => {
  cluster = await Cluster.open({ settings: { autovacuum: "off", fsync: "off" } });
  pool = new pg.Pool({ connectionString: cluster.url(), application_name: "test" });
  pool.on("error", () => {});
  commandLine = await CommandLine.open(cluster.url(), jobs);
});
afterAll(async () => {
  await commandLine.close();
  await pool.end();
  await cluster.stop();
});

async function fill(options: string, more: string): Promise<void> {
  await pool.query("drop schema if exists tidefill cascade");
  await pool.query("drop table if exists notes, copies");
  await pool.query(
    `create table notes (id bigint primary key, body text not null, words integer) with (${options})`,
  );
  await pool.query("create table copies (like notes including all)");
  await pool.query(
    `insert into notes
     select g, repeat(md5(g::text) || ' ', 1 + g % 10), case when g % 2 = 0 then g end from generate_series(1, $1::integer) g`,
    [rows],
  );
  await pool.query(more);
  await pool.query("vacuum analyze notes");
}

async function measure(): Promise<{ wal: number; size: number; undo: number }> {
  const { rows: found } = await pool.query(`
    select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint as wal,
      pg_relation_size('notes') + pg_indexes_size('notes') + pg_relation_size('copies') + pg_indexes_size('copies') as size,
      coalesce((select sum(pg_relation_size(oid)) from pg_class where relname ~ '^undo_' and relkind = 'r'), 0) as undo`);
  const [row] = found;
  return { wal: Number(row.wal), size: Number(row.size), undo: Number(row.undo) };
}

async function forecastOf(name: string): Promise<Forecast> {
  const { value } = await commandLine.json("plan", name);
  return (value.details as { readonly forecast: Forecast }).forecast;
}

const gin = "create index notes_words on notes using gin (to_tsvector('simple', body))";

describe.each([
  ["an update of a column without an index", "count-by-sql", "fillfactor = 100", "select"],
  ["the same update where pages have room", "count-by-sql", "fillfactor = 50", "select"],
  ["the same update by a row job", "count-by-row", "fillfactor = 100", "select"],
  [
    "an update of a column with an index",
    "count-by-sql",
    "fillfactor = 100",
    "create index on notes (words); create index on notes (md5(body))",
  ],
  ["an update of long texts", "rewrite", "fillfactor = 100", "select"],
  ["a copy to an empty table", "copy", "fillfactor = 100", "create index on copies (words)"],
  ["a delete", "remove", "fillfactor = 100", "select"],
])("%s", (_, name, options, more) => {
  test.each(["before any checkpoint", "after a checkpoint"])("costs what was forecast, %s", async (when) => {
    await fill(options, more);
    if (when === "after a checkpoint") await pool.query("checkpoint");
    const told = await forecastOf(name);
    const before = await measure();
    expect(await commandLine.run("run", name)).toMatchObject({ code: 0 });
    const after = await measure();
    const taken = {
      wal: after.wal - before.wal,
      growth: after.size - before.size,
      undo: after.undo - before.undo,
    };
    console.info(JSON.stringify({ name, options, when, taken, told }));
    expectWithin(taken.wal, told.walBytes, "WAL");
    expectWithin(taken.growth, told.growthBytes, "growth");
    expectWithin(taken.undo, told.undoLogBytes, "undo log");
  });
});

// Tables grow by whole pages.
function expectWithin(taken: number, { low, high }: Interval, what: string): void {
  expect(taken, `${what}: ${taken} of ${low} to ${high}`).toBeGreaterThanOrEqual(low - 65_536);
  expect(taken, `${what}: ${taken} of ${low} to ${high}`).toBeLessThanOrEqual(high + 65_536);
}

test("a forecast takes its time and WAL from a measured run", async (context) => {
  // Before, a server does not tell what a session wrote.
  skipBefore(18, context);
  await fill("fillfactor = 100", "select");
  expect(await forecastOf("slowly")).toMatchObject({ seconds: null, measuredByRun: null });
  await commandLine.run("run", "slowly");
  await pool.query("vacuum analyze notes");
  const told = await forecastOf("slowly");
  expect(told.measuredByRun).toBe(1);
  const { value } = await commandLine.json("status", "1");
  const seconds = rows / Number(value.rowsPerSecond);
  expect(told.seconds?.low).toBeLessThanOrEqual(seconds);
  expect(told.seconds?.high).toBeGreaterThanOrEqual(seconds);
  const whole = rows * Number(value.walBytesPerRow);
  expectWithin(whole, told.walBytes, "WAL");
});

test("status forecasts the rest of an unfinished run, and the actual cost lies within the forecast", async () => {
  await fill("fillfactor = 100", "create index notes_by_words on notes (words)");
  expect(await commandLine.run("run", "count-by-sql", "--canary", "50%")).toMatchObject({ code: 75 });
  const { value } = await commandLine.json("status", "count-by-sql");
  const told = value.forecast as Forecast & { readonly hot: { readonly canBeHot: boolean } };
  expect(told.hot).toMatchObject({ canBeHot: false, indexes: ["notes_by_words (btree)"] });
  expect(told.advice).toEqual([
    expect.objectContaining({ action: expect.stringContaining("drop the index public.notes_by_words") }),
  ]);
  const { stdout } = await commandLine.run("status", "count-by-sql");
  expect(stdout).toMatch(/^bloat +table and indexes grow by .* of dead rows for vacuum, for the rest$/m);
  expect(stdout).toMatch(/^HOT +no: 1 index\(es\)/m);
  expect(stdout).toMatch(/^cheaper +drop the index/m);
  const before = await measure();
  expect(await commandLine.run("resume", "count-by-sql")).toMatchObject({ code: 0 });
  const after = await measure();
  expectWithin(after.wal - before.wal, told.walBytes, "WAL");
  expectWithin(after.size - before.size, told.growthBytes, "growth");
  expect((await commandLine.json("status", "count-by-sql")).value.forecast).toBeNull();
});

test("possible savings are named, with their size", async () => {
  await fill("fillfactor = 100", gin);
  const told = await forecastOf("rewrite");
  expect(told.advice).toEqual([
    expect.objectContaining({
      action: expect.stringContaining("drop the index public.notes_words (gin) first"),
      bytes: expect.any(Number),
    }),
  ]);
  await pool.query("drop index notes_words");
  await pool.query("alter table notes replica identity full");
  const { advice } = await forecastOf("rewrite");
  expect(advice.map(({ action }) => action)).toEqual([
    "give public.notes a fillfactor of 90 early",
    "give public.notes another replica identity than full",
  ]);
});
