import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { defineJob, rowsOf, runJob, table, update } from "tidefill";
import { beforeEach, expect, test } from "vitest";
import { urlOf, useDatabase } from "../../support/database.ts";
import { emptyStore } from "../../support/empty-store.ts";
import { until } from "../../support/until.ts";

const database = useDatabase();
const rows = 3_000;
const parents = table("parent", { key: "id", columns: { id: "bigint", n: "integer" } });

/** Many batches, each of which mostly waits while it holds its rows locked. */
const increment = defineJob({
  name: "increment",
  source: rowsOf(parents),
  transform: async (row) => {
    await delay(20);
    return { n: row.n + 1 };
  },
  sink: update(parents, ["n"]),
  pace: { batchTime: "30ms" },
});

beforeEach(async () => {
  await database.query(`${emptyStore}; drop table if exists child, parent`);
  await database.query(`
    create table parent (id bigint primary key, n integer not null default 0, filler text);
    create table child (id bigint generated always as identity primary key, parent_id bigint not null references parent);
    insert into parent (id) select g from generate_series(1, ${rows}) g`);
});

/** Repeatedly calls `work` with another session while the run works; returns how often. */
async function meanwhile(work: (client: pg.Client, round: number) => Promise<unknown>): Promise<number> {
  let isOver = false;
  const run = runJob(increment, { connectionString: database.url, workers: 2 }).finally(() => {
    isOver = true;
  });
  const client = new pg.Client({
    connectionString: urlOf(database.name),
    application_name: "somebody else",
  });
  await client.connect();
  try {
    await until(async () => (await locked()) > 0, { describe: "rows that are locked" });
    let rounds = 0;
    for (; !isOver; rounds += 1) await work(client, rounds);
    expect(await run).toMatchObject({ status: "succeeded", rows: { written: rows } });
    expect(await database.query("select min(n), max(n) from parent")).toEqual([{ min: 1, max: 1 }]);
    return rounds;
  } finally {
    await client.end();
    await run.catch(() => {});
  }
}

/** The number of batches that hold rows locked now. */
async function locked(): Promise<number> {
  const [found] = await database.query(`
    select count(*)::integer as n
    from pg_stat_activity
    where datname = current_database()
      and application_name like 'tidefill increment run % range %'
      and state like 'idle in transaction%'`);
  return Number(found?.n);
}

test("foreign keys to rows in a batch do not have to wait", async () => {
  const rounds = await meanwhile(async (client, round) => {
    // Far shorter than a batch: a session that had to wait for one would fail.
    await client.query("set lock_timeout = '10ms'");
    await client.query(
      "insert into child (parent_id) select id from parent where id % 100 = $1::integer and id > 0",
      [round % 100],
    );
  });
  expect(rounds).toBeGreaterThan(3);
});

test("an alter table, a concurrent index build and a vacuum get through between two batches", async () => {
  // Longer than any batch may take, and far shorter than the run.
  const rounds = await meanwhile(async (client, round) => {
    await client.query("set lock_timeout = '10s'");
    await client.query(`alter table parent add column extra_${round} integer`);
    await client.query(`create index concurrently parent_${round} on parent (filler)`);
    await client.query(`drop index concurrently parent_${round}`);
    await client.query("vacuum parent");
    // A session that locks the table without a pause would leave the run no time between.
    await delay(300);
  });
  expect(rounds).toBeGreaterThan(0);
});

test("no transaction of a run stays open for many batches of other workers", async () => {
  const begunAt = new Map<string, number>();
  let longest = 0;
  await meanwhile(async (client) => {
    const { rows: found } = await client.query<{ readonly transaction: string; readonly batches: number }>(`
      select pid || ' ' || xact_start as transaction,
        (select coalesce(sum(batches), 0)::integer from tidefill.range) as batches
      from pg_stat_activity
      where application_name like 'tidefill%'
        and datname = current_database()
        and xact_start is not null`);
    for (const { transaction, batches } of found) {
      begunAt.set(transaction, begunAt.get(transaction) ?? batches);
      longest = Math.max(longest, batches - (begunAt.get(transaction) ?? batches));
    }
  });
  const [done] = await database.query("select sum(batches)::integer as n from tidefill.range");
  expect(done?.n).toBeGreaterThan(60);
  expect(longest).toBeLessThan(30);
});
