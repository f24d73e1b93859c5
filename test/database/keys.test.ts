import { defineJob, defineSqlJob, rowsOf, sql, table, update } from "tidefill";
import { describe, expect, test } from "vitest";
import { openJob } from "../../src/plan/open-job.ts";
import { useDatabase } from "../support/database.ts";
import { type KeyCase, numberKeys, otherKeys, textKeys, timeKeys } from "./key-cases.ts";
import { runInSmallBatches, runInSmallRanges, tagsByBoundaries, tagsByStretches, withEngine } from "./small-batches.ts";

const database = useDatabase();
const counted = { name: "counted", key: ["k"] };

async function create({ ddl, setup, nasty, random }: KeyCase): Promise<void> {
  await database.query("drop table if exists counted");
  if (setup !== undefined) await database.query(setup);
  await database.query(`create table counted (k ${ddl} primary key, tag integer generated always as identity, n integer not null default 0)`);
  for (const literal of nasty) await database.query(`insert into counted (k) values (${literal}) on conflict do nothing`);
  if (random === undefined) return;
  await database.query(`insert into counted (k) select ${random} from generate_series(1, 60) g order by md5(g::text) on conflict do nothing`);
}

/** The tags in the order of the key, by a scan and a sort that no index takes part in. */
async function tagsInOrder(): Promise<string[]> {
  const rows = await database.query(`
    with everything as materialized (select k, tag from counted)
    select tag::text from everything order by k`);
  return rows.map((row) => String(row.tag));
}

async function fewestAndMost(): Promise<unknown> {
  return (await database.query("select min(n), max(n) from counted"))[0];
}

const cases = [...numberKeys, ...textKeys, ...timeKeys, ...otherKeys];

describe.each(cases)("a key of type $name", (each) => {
  const described = table("counted", { key: "k", columns: { k: each.declared, tag: "integer", n: "integer" } });
  const rowJob = defineJob({
    name: "count-rows",
    source: rowsOf(described, { read: ["tag", "n"] }),
    transform: (row) => ({ n: row.n + 1 }),
    sink: update(described, ["n"]),
  });
  const sqlJob = defineSqlJob({ name: "count-in-sql", source: rowsOf(described), sink: update(described, { n: sql`n + 1` }) });

  test("is walked in the order of SQL, each key once, and each row is written once", async () => {
    await create(each);
    const expected = await tagsInOrder();
    await withEngine(database.url, async (db) => {
      const opened = await openJob(db, rowJob, {});
      for (const rows of [1, 2, 3, 7]) {
        expect(await tagsByStretches(db, opened, rows), `stretches of ${rows}`).toEqual(expected);
        expect(await tagsByBoundaries(db, opened, rows), `ranges of ${rows}`).toEqual(expected);
      }
    });
    await runInSmallBatches(database, rowJob, [1, 2, 3, 7]);
    expect(await fewestAndMost()).toEqual({ min: 1, max: 1 });
    await runInSmallBatches(database, sqlJob, [1, 2, 3, 7]);
    expect(await fewestAndMost()).toEqual({ min: 2, max: 2 });
    expect(await runInSmallRanges(database, rowJob, counted)).toMatchObject({ status: "succeeded", rows: { written: expected.length } });
    expect(await runInSmallRanges(database, sqlJob, counted)).toMatchObject({ status: "succeeded", rows: { written: expected.length } });
    expect(await fewestAndMost()).toEqual({ min: 4, max: 4 });
  });
});
