import { expect } from "vitest";
import { emptyStore } from "../../support/empty-store.ts";

/** Answers queries: the tests' database, or one on a server of its own. */
export interface Asked {
  query(text: string, values?: readonly unknown[]): Promise<Record<string, unknown>[]>;
}

/** Creates the table `counters` with so many rows that are all 0, and removes all traces of earlier runs. */
export async function fillCounters(database: Asked, rows: number): Promise<void> {
  await database.query(emptyStore);
  await database.query("drop table if exists counters, pace");
  await database.query("create table pace (row_seconds float not null, checkpoint_seconds float not null)");
  await database.query("insert into pace values (0, 0)");
  await database.query(`create or replace function slowly(value integer) returns integer language plpgsql as
    'begin perform pg_sleep(row_seconds) from public.pace where row_seconds > 0; return value; end'`);
  await database.query(`create or replace function slow_checkpoint() returns trigger language plpgsql as
    'begin perform pg_sleep(checkpoint_seconds) from public.pace where checkpoint_seconds > 0; return new; end'`);
  await database.query("create table counters (id bigint primary key, n integer not null default 0)");
  await database.query("insert into counters (id) select 7 * g from generate_series(1, $1::integer) g", [
    rows,
  ]);
  await database.query("analyze counters");
}

/** How long the SQL job sleeps at each row; takes effect at once, in every process. */
export async function setPace(database: Asked, rowSeconds: number): Promise<void> {
  await database.query("update pace set row_seconds = $1", [rowSeconds]);
}

/**
 * Prolongs the time between a batch's write and its commit, so that many faults fall into it. Works only once
 * a run exists; 0 ends it.
 */
export async function setCheckpointPace(database: Asked, seconds: number): Promise<void> {
  await database.query("update pace set checkpoint_seconds = $1", [seconds]);
  await database.query(`create or replace trigger slow_checkpoint before update of checkpoint on tidefill.range
    for each row execute function slow_checkpoint()`);
}

/** How many rows are not yet counted. */
export async function rowsLeft(database: Asked): Promise<number> {
  return Number((await database.query("select count(*) as left from counters where n = 0"))[0]?.left);
}

/** The oracle: plain SQL over the table and the store, independent of the engine. */
export async function requireCountedOnce(database: Asked, rows: number): Promise<void> {
  expect(
    await database.query(
      "select min(n), max(n), count(*)::integer, count(*) filter (where n <> 1)::integer as wrong from counters",
    ),
  ).toEqual([{ min: 1, max: 1, count: rows, wrong: 0 }]);
  await requireSucceeded(database);
}

/** There is one run, it has succeeded, and each key lies in exactly one of its ranges, which are all done. */
export async function requireSucceeded(database: Asked): Promise<void> {
  expect(
    await database.query("select status, stop_reason, finished_at is not null as finished from tidefill.run"),
  ).toEqual([{ status: "succeeded", stop_reason: "finished", finished: true }]);
  expect(await database.query("select number, status from tidefill.range where status <> 'done'")).toEqual(
    [],
  );
  expect(
    await database.query(`
      select sweep, count(*) filter (where after_key is null)::integer as first,
        count(*) filter (where through_key is null)::integer as last,
        count(*) filter (where checkpoint is distinct from through_key)::integer as short
      from tidefill.range
      group by sweep
      having count(*) filter (where after_key is null) <> 1
        or count(*) filter (where through_key is null) <> 1
        or count(*) filter (where checkpoint is distinct from through_key) <> 0`),
  ).toEqual([]);
  expect(
    await database.query(`
      select sweep, after_key
      from tidefill.range as later
      where after_key is not null
        and 1 <> (select count(*) from tidefill.range as before
          where before.sweep = later.sweep and before.through_key = later.after_key)`),
  ).toEqual([]);
}
