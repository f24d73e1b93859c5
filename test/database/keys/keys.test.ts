import { defineJob, defineSqlJob, rowsOf, sql, table, update } from "tidefill";
import { beforeAll, expect, test } from "vitest";
import { openJob } from "../../../src/plan/open-job.ts";
import { useDatabase } from "../../support/database.ts";
import {
  runInSmallBatches,
  runInSmallRanges,
  tagsByBatches,
  tagsByBoundaries,
  withEngine,
} from "../run/small-batches.ts";
import { type KeyCase, keyCases, keySetup } from "./key-cases.ts";

const database = useDatabase();
const counted = { name: "counted", key: ["k"] };

beforeAll(async () => {
  await database.query(keySetup);
});

async function create({ ddl, setup = "", nasty, random }: KeyCase): Promise<void> {
  await database.query(`drop table if exists counted; ${setup}`);
  await database.query(`
    create table counted (
      k ${ddl} primary key,
      tag integer generated always as identity,
      n integer not null default 0
    -- with statistics of a "char" column PostgreSQL 18 itself fails: "cache lookup failed for collation 0"
    ) with (autovacuum_enabled = false)`);
  await database.query(`insert into counted (k) values ${nasty} on conflict do nothing`);
  if (random === undefined) return;
  await database.query(`
    insert into counted (k)
    select ${random} from generate_series(1, 60) g order by md5(g::text)
    on conflict do nothing`);
}

/** The tags in the order of the key, by a scan and a sort without an index. */
async function tagsInOrder(): Promise<string[]> {
  const rows = await database.query(`
    with everything as materialized (select k, tag from counted)
    select tag::text from everything order by k`);
  return rows.map((row) => String(row.tag));
}

async function fewestAndMost(): Promise<unknown> {
  return (await database.query("select min(n), max(n) from counted"))[0];
}

const says = "a key of $name is walked in SQL's order, each row once, and written once";

async function requireWalk(each: KeyCase): Promise<void> {
  const described = table("counted", {
    key: "k",
    columns: { k: each.declared, tag: "integer", n: "integer" },
  });
  const rowJob = defineJob({
    name: "count-rows",
    source: rowsOf(described, { read: ["tag", "n"] }),
    transform: (row) => ({ n: row.n + 1 }),
    sink: update(described, ["n"]),
  });
  const sqlJob = defineSqlJob({
    name: "count",
    source: rowsOf(described),
    sink: update(described, { n: sql`n + 1` }),
  });

  await create(each);
  const expected = await tagsInOrder();
  await withEngine(database.url, async ({ db }) => {
    const opened = await openJob(db, rowJob, {});
    for (const rows of [1, 2, 3, 7]) {
      expect(await tagsByBatches(db, opened, rows), `batches of ${rows}`).toEqual(expected);
      expect(await tagsByBoundaries(db, opened, rows), `ranges of ${rows}`).toEqual(expected);
    }
  });

  const batches = await runInSmallBatches(database, rowJob, [1, 2, 3, 7]);
  expect(batches).toBeGreaterThan(expected.length / 4);
  expect(await fewestAndMost()).toEqual({ min: 1, max: 1 });

  for (const job of [rowJob, sqlJob]) {
    const report = await runInSmallRanges(database, job, counted, { rows: 7, workers: 3 });
    expect(report).toMatchObject({
      status: "succeeded",
      rows: { read: expected.length, written: expected.length },
    });
  }
  expect(await fewestAndMost()).toEqual({ min: 3, max: 3 });
}

/** Types of which each has its own way to go wrong: digits, letters, bytes, moments, parts. */
const isTelling = ({ name }: KeyCase): boolean =>
  ["bigint", "numeric", "citext", "uuid", "timestamptz", "bytea"].includes(name);

test.each(keyCases.filter(isTelling))(says, { tags: ["promise"] }, requireWalk);
test.each(keyCases.filter((each) => !isTelling(each)))(says, requireWalk);
