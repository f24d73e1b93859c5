import { defineSqlJob, rowsOf, runJob, sql, table, update } from "tidefill";
import { beforeEach, expect, test } from "vitest";
import { forecastRest } from "../../src/engine/state/forecast-rest.ts";
import { createPool } from "../../src/postgres/connection/create-pool.ts";
import { Database } from "../../src/postgres/transaction/database.ts";
import { Store } from "../../src/store/store.ts";
import { useDatabase } from "../support/database.ts";
import { emptyStore } from "../support/empty-store.ts";
import { until } from "../support/until.ts";
import { planOf } from "./plan-of.ts";

const database = useDatabase();

const days = table("shop.day", { key: "id", columns: { id: "bigint", n: "integer?" } });
const fill = defineSqlJob({ name: "fill", source: rowsOf(days), sink: update(days, { n: sql`1` }) });

beforeEach(async () => {
  await database.query(`
    drop schema if exists shop cascade; ${emptyStore}; create schema shop;
    create table shop.day (id bigint primary key, n integer) partition by range (id);
    create table shop.day_1 partition of shop.day for values from (1) to (1000);
    create table shop.day_2 partition of shop.day for values from (1000) to (2000);
    insert into shop.day select g from generate_series(1, 1999) g`);
});

/** Another session with an open transaction. */
async function session<T>(work: (query: (text: string) => Promise<unknown>) => Promise<T>): Promise<T> {
  const client = await database.pool.connect();
  try {
    await client.query("begin");
    return await work((text) => client.query(text));
  } finally {
    await client.query("rollback");
    client.release();
  }
}

/** Waits until a session of tidefill waits for a lock. */
async function untilWaiting(): Promise<void> {
  await until(
    async () => {
      const waiting = await database.query(
        "select from pg_stat_activity where datname = current_database() and application_name like 'tidefill%' and wait_event_type = 'Lock'",
      );
      return waiting.length > 0;
    },
    { describe: "a look of tidefill waits for a lock" },
  );
}

test("an application that changes partitions never loses a deadlock against a plan (C3)", async () => {
  await session(async (query) => {
    await query("lock table shop.day_2 in access exclusive mode");
    const plan = planOf(database, fill);
    await untilWaiting();
    // The plan holds the first partition and waits for the second; now the application wants the first.
    await query("lock table shop.day_1 in access exclusive mode");
    await query("drop table shop.day_1");
    await query("commit");
    expect((await plan).refusals).toEqual([]);
  });
});

test("a run that begins gives way to an application's change of the table, and then begins (C3)", async () => {
  await session(async (query) => {
    await query("lock table shop.day_2 in access exclusive mode");
    const run = runJob(fill, { connectionString: database.url });
    await untilWaiting();
    await query("lock table shop.day_1 in access exclusive mode");
    await query("drop table shop.day_1");
    await query("commit");
    expect(await run).toMatchObject({ status: "succeeded", rows: { written: 1000 } });
  });
});

test("a plan of a table that stays locked names the table and the session that locked it (C3)", async () => {
  await session(async (query) => {
    await query("set application_name = 'migration'; lock table only shop.day in access exclusive mode");
    const [holder] = await database.query(
      "select pid from pg_stat_activity where datname = current_database() and application_name = 'migration'",
    );
    const error: unknown = await planOf(database, fill).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: "table-is-locked",
      message: expect.stringMatching(
        new RegExp(
          `^shop\\.day is locked by pid ${holder?.pid} of \\w+ \\(migration\\), idle in transaction for \\d+ s\\. Nothing was written\\.$`,
        ),
      ),
      remedy: "Wait until that session has ended its transaction, or end it, and type the command again.",
    });
  });
});

test("a plan names a table that a prepared transaction has locked, and the transaction (C3)", async () => {
  await database.query(
    "begin; lock table only shop.day in access exclusive mode; prepare transaction 'left over'",
  );
  try {
    await expect(planOf(database, fill)).rejects.toThrow(
      /shop\.day is locked by the prepared transaction 'left over'/,
    );
  } finally {
    await database.query("rollback prepared 'left over'");
  }
});

test("status does not wait for a locked table: it prints what it knows, and the session that locked it (C3)", async () => {
  const stop = new AbortController();
  const report = await runJob(fill, {
    connectionString: database.url,
    workers: 1,
    signal: stop.signal,
    inTest: { batchRows: 10 },
    onEvent: ({ type }) => type === "batch committed" && stop.abort(),
  });
  expect(report.status).toBe("interrupted");
  const db = new Database(
    createPool({ connectionString: database.url, applicationName: "tidefill", maxConnections: 2 }),
  );
  try {
    await session(async (query) => {
      await query("lock table only shop.day in access exclusive mode");
      const store = new Store();
      const run = await store.runs.require(db, "fill");
      const [holder] = await database.query(
        "select pid from pg_locks where relation = 'shop.day'::regclass and mode = 'AccessExclusiveLock'",
      );
      await expect(forecastRest({ db, store }, fill, run)).rejects.toThrow(
        `session pid ${holder?.pid} has locked shop.day, or waits to`,
      );
    });
  } finally {
    await db.close();
  }
});
