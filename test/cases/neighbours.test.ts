import {
  defineJob,
  defineSqlJob,
  type EngineEvent,
  rowsOf,
  runJob,
  sql,
  table,
  undoRun,
  update,
} from "tidefill";
import { beforeEach, expect, test } from "vitest";
import { RangePlanner } from "../../src/engine/loop/range-planner.ts";
import { Events } from "../../src/engine/report/events.ts";
import { findRelation } from "../../src/postgres/catalog/relation.ts";
import { createPool } from "../../src/postgres/connection/create-pool.ts";
import { raw } from "../../src/postgres/sql/sql.ts";
import { Database } from "../../src/postgres/transaction/database.ts";
import { Store } from "../../src/store/store.ts";
import { useDatabase } from "../support/database.ts";
import { emptyStore } from "../support/empty-store.ts";
import { until } from "../support/until.ts";
import { planOf } from "./plan-of.ts";

const database = useDatabase();

beforeEach(async () => {
  await database.query(`
    drop schema if exists shop cascade; ${emptyStore}; create schema shop;
    create table shop.t (id bigint primary key, n integer, m integer, version integer not null default 0);
    insert into shop.t (id) select g from generate_series(1, 200) g`);
});

const t = table("shop.t", {
  key: "id",
  columns: { id: "bigint", n: "integer?", m: "integer?", version: "integer" },
});
const fillM = defineSqlJob({
  name: "fill-m",
  source: rowsOf(t),
  sink: update(t, { m: sql`1`, version: sql`version + 1` }),
});

/** A job that writes its first batch and waits in the second until it is released. */
function slow(): {
  readonly job: ReturnType<typeof defineJob>;
  readonly letGo: () => void;
  readonly begun: Promise<void>;
} {
  let letGo = (): void => {};
  let hasBegun = (): void => {};
  const gate = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const begun = new Promise<void>((resolve) => {
    hasBegun = resolve;
  });
  const job = defineJob({
    name: "fill-n",
    source: rowsOf(t, { read: ["version"] }),
    transform: async ({ version }) => {
      hasBegun();
      await gate;
      return { n: 1, version: version + 1 };
    },
    sink: update(t, ["n", "version"]),
  });
  return { job, letGo, begun };
}

test("a second job on a table says, in its plan and in its run, that another job is writing the table (E5)", async () => {
  const { job, letGo, begun } = slow();
  const first = runJob(job, { connectionString: database.url, workers: 1 });
  await begun;
  const expected = {
    check: "other-runs",
    message:
      "Run 1 of fill-n is writing shop.t now: each of the two will wait for rows that the other has locked.",
    remedy: "Let one of them wait: tidefill pause 1   and afterwards: tidefill resume 1",
  };
  expect((await planOf(database, fillM)).warnings).toEqual([expected]);
  const events: EngineEvent[] = [];
  const stop = new AbortController();
  const second = runJob(fillM, {
    connectionString: database.url,
    signal: stop.signal,
    onEvent: (event) => {
      events.push(event);
      if (event.type === "warned") stop.abort();
    },
  });
  await second;
  letGo();
  expect(await first).toMatchObject({ status: "succeeded" });
  expect(events.filter(({ type }) => type === "warned")).toMatchObject([expected]);
});

test("a job that is alone on its table reports no other job (E5)", async () => {
  await runJob(fillM, { connectionString: database.url });
  const again = defineSqlJob({
    name: "other",
    source: rowsOf(t),
    sink: update(t, { n: sql`2`, version: sql`version + 1` }),
  });
  const events: EngineEvent[] = [];
  await runJob(again, { connectionString: database.url, onEvent: (event) => events.push(event) });
  await undoRun("other", { connectionString: database.url, onEvent: (event) => events.push(event) });
  expect(events.filter(({ type }) => type === "warned")).toEqual([]);
});

test.each([
  ["lock_version", "an SQL job", "Raise it as well: lock_version: sql`lock_version + 1`"],
  ["version", "an SQL job", "Raise it as well: version: sql`version + 1`"],
])("a column %s that %s does not raise is named by the plan (A8)", async (column, _, remedy) => {
  if (column !== "version") await database.query(`alter table shop.t rename column version to ${column}`);
  const some = table("shop.t", { key: "id", columns: { id: "bigint", n: "integer?" } });
  const fill = defineSqlJob({ name: "fill", source: rowsOf(some), sink: update(some, { n: sql`1` }) });
  expect((await planOf(database, fill)).warnings).toEqual([
    {
      check: "optimistic-locks",
      message: `shop.t.${column} looks like the version of an optimistic lock, but the job does not raise it: an application that has read a row before and then saves all of it restores the old values, and its lock notices nothing.`,
      remedy,
    },
  ]);
});

test("a version that the job raises makes a stale save fail, so the plan does not warn (A8)", async () => {
  expect((await planOf(database, fillM)).warnings).toEqual([]);
  const [before] = await database.query("select version from shop.t where id = 1");
  await runJob(fillM, { connectionString: database.url });
  const saved = await database.query(
    "update shop.t set m = null, version = version + 1 where id = 1 and version = $1 returning id",
    [before?.version],
  );
  expect(saved).toEqual([]);
});

test("a walk that is slowed by dead index entries says how many there are and which session keeps them (B4)", async () => {
  const client = await database.pool.connect();
  const db = new Database(
    createPool({ connectionString: database.url, applicationName: "tidefill", maxConnections: 3 }),
  );
  try {
    await client.query("set application_name = 'report'; begin isolation level repeatable read");
    await client.query("select count(*) from shop.t");
    await database.query("delete from shop.t where id < 190");
    await until(
      async () => {
        const [row] = await database.query("select n_dead_tup from pg_stat_user_tables where relname = 't'");
        return Number(row?.n_dead_tup) > 0;
      },
      { describe: "the statistics know of the dead rows" },
    );
    const report = await runJob(
      defineSqlJob({
        name: "none",
        source: rowsOf(t, { where: sql`n = 5` }),
        sink: update(t, { n: sql`1` }),
      }),
      {
        connectionString: database.url,
      },
    );
    const store = new Store();
    await database.query(
      `update tidefill.run set is_planned = false, planned_through = null where id = ${report.run}`,
    );
    const walk = {
      boundary: async (
        tx: Parameters<RangePlanner["planNext"]> extends never
          ? never
          : { query(statement: unknown): Promise<unknown> },
      ) => {
        await tx.query(raw("set local statement_timeout = 1; select pg_catalog.pg_sleep(1)"));
        return null;
      },
      nextBatch: async () => ({ through: null, walked: 0, isLast: true, isEmpty: true }),
      hasRows: async () => true,
    };
    const wish = {
      id: BigInt(report.run),
      estimatedWalk: 200,
      workers: 1,
      walkMs: 250,
      deadlockTimeoutMs: 1_000,
      walked: await findRelation(db, { schema: "shop", name: "t" }),
      shares: [1],
      rangeRows: 100,
    };
    const planner = new RangePlanner({ db, store }, walk as never, wish, new Events("none", 1n, []));
    const error: unknown = await planner.planNext().catch((thrown: unknown) => thrown);
    const [holder] = await database.query(
      "select pid from pg_stat_activity where datname = current_database() and application_name = 'report'",
    );
    expect(error).toMatchObject({
      code: "no-progress",
      message: expect.stringMatching(
        new RegExp(
          `^Finding the next 100 keys of shop\\.t took longer than 60 s: the table has about \\d+ dead rows, whose index entries slow the search down, which vacuum may not remove while pid ${holder?.pid} of \\w+ \\(report\\), idle in transaction for \\d+ s keeps an old snapshot\\.$`,
        ),
      ),
      remedy: `select pg_terminate_backend(${holder?.pid});   vacuum shop.t;   and then go on: tidefill resume ${report.run}`,
    });
  } finally {
    await client.query("rollback");
    client.release();
    await db.close();
  }
});
