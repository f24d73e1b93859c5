import { sql } from "tidefill";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Sql } from "../../../src/postgres/sql/sql.ts";
import { type Reading, SignalBlindError } from "../../../src/throttle/signal.ts";
import { archiver } from "../../../src/throttle/signals/archiver.ts";
import { ownSnapshots } from "../../../src/throttle/signals/own-snapshots.ts";
import { userQuery } from "../../../src/throttle/signals/user-query.ts";
import { WindowSignal } from "../../../src/throttle/signals/window-signal.ts";
import { urlOf, useDatabase } from "../../support/database.ts";
import { Sessions } from "../../support/sessions.ts";

const database = useDatabase();
let sessions: Sessions;

beforeEach(async () => {
  sessions = new Sessions(urlOf(database.name));
  await database.query("drop table if exists notes");
  await database.query("create table notes (id bigint)");
});
afterEach(() => sessions.close());

describe("a query of the job's own", () => {
  const read = (query: Sql): Promise<Reading | null> =>
    userQuery({ name: "crowd", query, max: 10 }).read(sessions.probe(database.url));

  test.each([
    [sql`select 3`, 0.3, "crowd 3 of at most 10"],
    [sql`select 10::bigint`, 1, "crowd 10 > 10"],
    [sql`select 12.567`, 1.2567, "crowd 12.57 > 10"],
    [sql`select 'Infinity'::float8`, Number.POSITIVE_INFINITY, "crowd Infinity > 10"],
    [sql`select count(*) from notes`, 0, "crowd 0 of at most 10"],
    [sql`select ${"4"}::integer`, 0.4, "crowd 4 of at most 10"],
  ])("%s gives the utilization %d: %s", async (query, utilization, reason) => {
    expect(await read(query)).toEqual({ signal: "query", utilization, reason });
  });

  test.each([
    [sql`select id from notes`, "returned no number"],
    [sql`select null::integer`, "returned no number"],
    [sql`select max(id) from notes`, "returned no number"],
    [sql`select 'NaN'::numeric`, "returned no number"],
    [sql`select 'many'`, "returned no number"],
    [sql`select ' '`, "returned no number"],
    [sql`select true`, "returned no number"],
    [sql`select from (values (1)) as one`, "returned no number"],
    [sql`select g from generate_series(1, 2) as g`, "returned 2 rows, not one"],
  ])("%s is blind: the query %s", async (query, why) => {
    await expect(read(query)).rejects.toThrow(SignalBlindError);
    await expect(read(query)).rejects.toThrow(`the query "crowd" ${why}`);
  });

  test.each([
    [sql`select 1 / (select count(*) from notes)`, "division by zero"],
    [sql`select count(*) from nothing`, 'relation "nothing" does not exist'],
  ])("%s, which fails, is reported: %s", async (query, message) => {
    await expect(read(query)).rejects.toThrow(message);
  });

  test("that cannot be asked holds the run", () => {
    expect(userQuery({ name: "crowd", query: sql`select 1`, max: 1 }).onError).toBe("hold");
  });

  test("leaves no trace when it writes", async () => {
    const writes = sql`with added as (insert into notes values (1), (2) returning 1) select count(*) from added`;
    expect(await read(writes)).toMatchObject({ reason: "crowd 2 of at most 10" });
    expect(await database.query("select id from notes")).toEqual([]);
  });

  test("does not wait for a lock that another session holds", async () => {
    const keeper = await sessions.open("application");
    await keeper.query("begin; lock table notes");
    await expect(read(sql`select count(*) from notes`)).rejects.toThrow("lock timeout");
  });

  test("is asked again after it failed", async () => {
    const db = sessions.probe(database.url);
    const query = sql`select 10 / count(*) from notes`;
    const signal = userQuery({ name: "crowd", query, max: 10 });
    await expect(signal.read(db)).rejects.toThrow("division by zero");
    await database.query("insert into notes values (1), (2)");
    expect(await signal.read(db)).toMatchObject({ utilization: 0.5 });
  });
});

describe("snapshots of tidefill", () => {
  const begin = "begin isolation level repeatable read; select from notes";
  /** Seconds since a session began its transaction. */
  const ageOf = async (pid: unknown): Promise<number> => {
    const [row] = await database.query(
      "select extract(epoch from clock_timestamp() - xact_start) as age from pg_stat_activity where pid = $1",
      [pid],
    );
    return Number(row?.age);
  };

  test("are as old as the oldest of them; those of other sessions do not count", async () => {
    const others = await sessions.open("application");
    await others.query(begin);
    const oldest = await sessions.open("tidefill batch 1");
    await oldest.query(begin);
    const younger = await sessions.open("tidefill batch 2");
    await younger.query(begin);
    const [at] = (await oldest.query("select pg_backend_pid() as pid")).rows;
    const before = await ageOf(at.pid);
    const reading = await ownSnapshots.read(sessions.probe(database.url));
    const seconds = (reading?.utilization ?? 0) * 20;
    expect(seconds).toBeGreaterThanOrEqual(before);
    expect(seconds).toBeLessThanOrEqual(await ageOf(at.pid));
    expect(reading?.reason).toMatch(/^a batch of ours is \d.* s of at most 20 s old$/);
  });

  test("are those that hold vacuum back; a transaction without one does not count", async () => {
    const idle = await sessions.open("tidefill batch");
    await idle.query("begin");
    for (let each = 0; each < 5; each += 1) await sessions.open("application");
    const [at] = (await idle.query("select pg_backend_pid() as pid")).rows;
    const before = await ageOf(at.pid);
    const reading = await ownSnapshots.read(sessions.probe(database.url));
    const passed = (await ageOf(at.pid)) - before;
    expect((reading?.utilization ?? 1) * 20).toBeLessThanOrEqual(passed);
  });
});

test("an archiver on a server that archives nothing reports nothing", async () => {
  expect(await archiver.read(sessions.probe(database.url))).toBeNull();
});

test("a window follows the database's clock", async () => {
  const clock = async (): Promise<number> => {
    const [row] = await database.query("select extract(epoch from clock_timestamp()) * 1000 as now");
    return Number(row?.now);
  };
  const asked: Date[] = [];
  const isOpen = (at: Date): boolean => asked.push(at) > 0;
  const signal = new WindowSignal(() => ({ isOpen, nextChange: () => null }));
  const before = await clock();
  expect(await signal.read(sessions.probe(database.url))).toBeNull();
  expect(asked[0]?.getTime()).toBeGreaterThanOrEqual(Math.floor(before));
  expect(asked[0]?.getTime()).toBeLessThanOrEqual(await clock());
});
