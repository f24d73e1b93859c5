import { expect, test, vi } from "vitest";
import { createPool } from "../../../src/postgres/connection/create-pool.ts";
import { sql } from "../../../src/postgres/sql/sql.ts";
import { Database } from "../../../src/postgres/transaction/database.ts";
import { useDatabase } from "../../support/database.ts";
import { withEngine } from "./small-batches.ts";

const database = useDatabase();

test("only a transaction that may be forgotten does not wait for the disk, and the setting does not outlast it", async () => {
  await withEngine(database.url, async ({ db }) => {
    const settings: unknown[] = [];
    for (const limits of [{}, { mayBeForgotten: true }, {}] as const) {
      const { rows } = await db.transaction(
        (tx) => tx.query(sql`select pg_catalog.current_setting('synchronous_commit') as waits`),
        limits,
      );
      settings.push(rows[0]?.waits);
    }
    expect(settings[0]).not.toBe("off");
    expect(settings[1]).toBe("off");
    expect(settings[2]).toBe(settings[0]);
  });
});

test.each([
  "application_name=shop",
  "connect_timeout=5&application_name=shop",
  "application_name=shop&connect_timeout=5",
])("a name in the address does not replace tidefill's: ?%s", async (query) => {
  const connectionString = `${database.url}?${query}`;
  const db = new Database(createPool({ connectionString, applicationName: "tidefill x", maxConnections: 1 }));
  try {
    const name = sql`select pg_catalog.current_setting('application_name') as name`;
    expect((await db.query(name)).rows).toEqual([{ name: "tidefill x" }]);
  } finally {
    await db.close();
  }
});

test("the first transaction of a session and the later ones have the same settings", async () => {
  const pool = createPool({
    connectionString: database.url,
    applicationName: "tidefill x",
    maxConnections: 1,
  });
  const db = new Database(pool, { "shop.user": "it's me", "shop.MixedCase": "\\ and , ;" });
  await database.query(
    `alter database ${database.name} set search_path = '$user', "My, Schema", PG_catalog, public`,
  );
  const all = sql`
    select name, setting from pg_catalog.pg_settings where source in ('session', 'client')
    union all
    select name, pg_catalog.current_setting(name, true)
    from pg_catalog.unnest(array['shop.user', 'shop.MixedCase', 'search_path']) as name
    order by name`;
  try {
    const limits = {
      lockMs: 123.4,
      statementMs: 2_000,
      wholeMs: 9_000,
      name: "tidefill's job",
      mayBeForgotten: true,
    } as const;
    const settings = async () => (await db.transaction((tx) => tx.query(all), limits)).rows;
    const first = await settings();
    expect(await settings()).toEqual(first);
    expect(first).toContainEqual({ name: "shop.user", setting: "it's me" });
    expect(first).toContainEqual({ name: "search_path", setting: '"$user", "My, Schema", public,pg_temp' });
    expect(first.length).toBeGreaterThan(18);
  } finally {
    await database.query(`alter database ${database.name} reset search_path`);
    await db.close();
  }
});

test("what is asked at the same time shares a session, unless one would have to be waited for", async () => {
  // Patience ends only when the test says so.
  vi.useFakeTimers({ toFake: ["performance", "setTimeout", "clearTimeout"] });
  const options = { connectionString: database.url, applicationName: "tidefill x", maxConnections: 8 };
  const pool = createPool(options);
  const pid = async (): Promise<unknown> =>
    (await pool.query<{ readonly pid: string }>("select pg_catalog.pg_backend_pid() as pid")).rows[0]?.pid;
  try {
    const together = await Promise.all([pid(), pid(), pid(), pid(), pid(), pid()]);
    expect(new Set(together).size).toBe(1);
    const busy = await pool.connect();
    await busy.query("begin");
    const { rows } = await busy.query("select pg_catalog.pg_backend_pid() as pid");
    const waiting = pid();
    await vi.advanceTimersByTimeAsync(20);
    expect(await waiting).not.toBe(rows[0].pid);
    await busy.query("rollback");
    busy.release();
  } finally {
    vi.useRealTimers();
    await pool.end();
  }
});
