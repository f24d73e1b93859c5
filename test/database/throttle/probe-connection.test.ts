import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { sql } from "../../../src/postgres/sql/sql.ts";
import type { Queryable } from "../../../src/postgres/transaction/database.ts";
import { ProbeConnection } from "../../../src/postgres/transaction/probe-connection.ts";
import { useDatabase } from "../../support/database.ts";
import { withEngine } from "../run/small-batches.ts";

const database = useDatabase();

/** The transaction in which it was asked; each has its own time. */
async function transactionOf(db: Queryable): Promise<string | null | undefined> {
  return (await db.query(sql`select pg_catalog.now() as began`)).rows[0]?.began;
}

test("questions asked at one moment or right after an answer share one transaction, later questions get another", async () => {
  await withEngine(database.url, async ({ db }) => {
    const probe = new ProbeConnection(db);
    const [first, second] = await Promise.all([transactionOf(probe), transactionOf(probe)]);
    expect(second).toBe(first);
    expect(await transactionOf(probe)).toBe(first);
    await delay(20);
    expect(await transactionOf(probe)).not.toBe(first);
  });
});

test("a question that is asked while another is at work does not wait for it", async () => {
  await withEngine(database.url, async ({ db }) => {
    const probe = new ProbeConnection(db);
    const slow = probe.query(sql`select pg_catalog.pg_sleep(1.5), pg_catalog.now() as began`);
    await delay(50);
    const quick = transactionOf(probe);
    expect(await Promise.race([slow.then(() => "slow"), quick.then(() => "quick")])).toBe("quick");
    expect((await slow).rows[0]?.began).not.toBe(await quick);
  });
});

test("a failing statement does not harm those behind it", async () => {
  await withEngine(database.url, async ({ db }) => {
    const probe = new ProbeConnection(db);
    const before = transactionOf(probe);
    const wrong = probe.query(sql`select 1 / 0`);
    const behind = [transactionOf(probe), transactionOf(probe)];
    await expect(wrong).rejects.toMatchObject({ code: "22012" });
    const [next, last] = await Promise.all(behind);
    expect(next).not.toBe(await before);
    expect(last).toBe(next);
  });
});

test("a broken connection rejects its question, leaves none waiting, and is replaced", async () => {
  await withEngine(database.url, async ({ db }) => {
    const probe = new ProbeConnection(db);
    const asked = [
      probe.query(sql`select pg_catalog.pg_terminate_backend(pg_catalog.pg_backend_pid())`),
      transactionOf(probe),
    ];
    await expect(asked[0]).rejects.toThrow();
    await Promise.allSettled(asked);
    expect(await transactionOf(probe)).toBeTruthy();
  });
});

test("a question leaves nothing behind", async () => {
  await withEngine(database.url, async ({ db }) => {
    await new ProbeConnection(db).query(sql`create table seen ()`);
    expect((await db.query(sql`select pg_catalog.to_regclass('seen') as seen`)).rows).toEqual([
      { seen: null },
    ]);
  });
});
