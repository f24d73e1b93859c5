import pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { Cluster } from "../../../src/embedded/cluster.ts";
import { findRelation, type Relation } from "../../../src/postgres/catalog/relation.ts";
import { type Reading, type Signal, SignalBlindError } from "../../../src/throttle/signal.ts";
import { activeSessions } from "../../../src/throttle/signals/active-sessions.ts";
import { autovacuum } from "../../../src/throttle/signals/autovacuum.ts";
import { deadTuples } from "../../../src/throttle/signals/dead-tuples.ts";
import { LockWaits } from "../../../src/throttle/signals/lock-waits.ts";
import { Sessions } from "../../support/sessions.ts";
import { until } from "../../support/until.ts";

// These look at the whole server: on the shared one they would see other tests.
const settings = { fsync: "off", max_connections: "40", autovacuum_naptime: "1s" };
let cluster: Cluster;
let sessions: Sessions;
let admin: pg.Client;

beforeAll(async () => {
  cluster = await Cluster.open({ settings });
});
afterAll(() => cluster.stop("immediate"));
beforeEach(async () => {
  sessions = new Sessions(cluster.url());
  admin = await sessions.open("admin");
  await admin.query("drop table if exists notes");
  await admin.query("create table notes (id bigint); insert into notes values (1)");
});
afterEach(async () => {
  vi.useRealTimers();
  await sessions.close();
});

async function relationOf(name: string): Promise<Relation> {
  const relation = await findRelation(sessions.probe(), { schema: "public", name });
  if (relation === null) throw new Error(`There is no table ${name}.`);
  return relation;
}

/** In a session of its own, whose end flushes its counters to the statistics. */
async function once(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: cluster.url() });
  await client.connect();
  await client.query(statement);
  await client.end();
}

describe("lock waits", () => {
  const change = "update notes set id = id + 1";

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["performance"] });
  });

  test("are sessions that wait for tidefill, on average over five seconds", async () => {
    const holder = await sessions.open("tidefill increment");
    await holder.query(`begin; ${change}`);
    await sessions.waiting("application", change);
    const signal = new LockWaits();
    const db = sessions.probe();
    const reading = { signal: "lock waits", utilization: 0.95 };
    expect(await signal.read(db)).toEqual({
      ...reading,
      reason: "0.1 > 0.1 sessions wait for locks that we hold",
    });
    expect(await signal.read(db)).toMatchObject({ utilization: 0.95, reason: /^0\.2 > 0\.1 sessions/ });
    await holder.query("rollback");
    await admin.query("begin; lock table notes; rollback");
    expect(await signal.read(db)).toMatchObject({ utilization: 0.95 });
    vi.advanceTimersByTime(5_000);
    expect(await signal.read(db)).toBeNull();
  });

  test("count each waiting session, also one queued behind another that waits for tidefill", async () => {
    const holder = await sessions.open("tidefill increment");
    await holder.query("begin; lock table notes in share mode");
    await sessions.waiting("application", change);
    await sessions.waiting("application", change);
    expect(await new LockWaits().read(sessions.probe())).toMatchObject({ utilization: 0.95 });
  });

  test("do not count among other sessions, among those of tidefill, or of tidefill for other sessions", async () => {
    const application = await sessions.open("application");
    await application.query(`begin; ${change}`);
    await sessions.waiting("application", "update notes set id = 5 where id = 1");
    await sessions.waiting("tidefill increment", "begin; lock table notes");
    const ours = await sessions.open("tidefill increment");
    await ours.query("begin; select pg_advisory_xact_lock(7)");
    await sessions.waiting("tidefill increment", "select pg_advisory_xact_lock(7)");
    expect(await new LockWaits().read(sessions.probe())).toBeNull();
  });
});

describe("active sessions", () => {
  const crowd = async (name: string, count: number): Promise<void> => {
    for (let each = 0; each < count; each += 1) await sessions.waiting(name, "select pg_advisory_lock(1)");
  };

  beforeEach(async () => {
    await admin.query("select pg_advisory_lock(1)");
  });

  test("are other sessions that are at work", async () => {
    await crowd("application", 5);
    await crowd("tidefill increment", 2);
    await sessions.open("idle application");
    expect(await activeSessions.read(sessions.probe())).toEqual({
      signal: "active sessions",
      utilization: 0.25,
      reason: "5 of at most 20 active sessions",
    });
  });

  test("slow a run down beyond half of the connections, and never stop it", async () => {
    await crowd("application", 21);
    expect(await activeSessions.read(sessions.probe())).toMatchObject({
      utilization: 0.95,
      reason: "21 > 20 active sessions",
    });
  });
});

describe("autovacuum", () => {
  /** So slow that a test can observe it. */
  const slow = "autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1";
  const soon = `autovacuum_vacuum_threshold = 0, autovacuum_vacuum_scale_factor = 0, ${slow}`;
  const atWork = (signal: Signal): Promise<Reading> => {
    const db = sessions.probe();
    return until(() => signal.read(db), { describe: "autovacuum is at work" });
  };

  test("at work on a table, or on a part of it, slows a run down", async () => {
    await admin.query("create table essays (id bigint, body text) partition by range (id)");
    await admin.query(
      `create table essays_1 partition of essays for values from (0) to (100000) with (${soon})`,
    );
    await once(`insert into essays select g, repeat('x', 400) from generate_series(1, 20000) g`);
    await once("delete from essays where id % 2 = 0");
    expect(await atWork(autovacuum(await relationOf("essays")))).toEqual({
      signal: "autovacuum",
      utilization: 0.6,
      reason: "autovacuum is at work on public.essays",
    });
    const db = sessions.probe();
    const part = autovacuum(await relationOf("essays_1"));
    expect(await part.read(db)).toMatchObject({ reason: "autovacuum is at work on public.essays_1" });
    expect(await autovacuum(await relationOf("notes")).read(db)).toBeNull();
    await admin.query("create role filler login password 'tide'");
    const filler = sessions.probe(cluster.url().replace(/\/\/.*@/, "//filler:tide@"));
    await expect(part.read(filler)).rejects.toThrow(SignalBlindError);
    await expect(part.read(filler)).rejects.toThrow(/cannot be seen: grant pg_monitor to filler$/);
    await admin.query("grant pg_monitor to filler");
    expect(await part.read(filler)).toMatchObject({ utilization: 0.6 });
  });

  test("to prevent wraparound holds a run", async () => {
    await admin.query(
      `create table old (id bigint, body text) with (autovacuum_freeze_max_age = 100000, ${slow})`,
    );
    await admin.query("insert into old select g, repeat('x', 400) from generate_series(1, 20000) g");
    // Each block that writes takes a transaction number.
    await admin.query(`do $$ begin
      for each in 1..110000 loop
        begin
          insert into notes values (each);
        exception when division_by_zero then null;
        end;
      end loop;
    end $$`);
    expect(await atWork(autovacuum(await relationOf("old")))).toEqual({
      signal: "autovacuum",
      utilization: 1,
      reason: "autovacuum is at work on public.old, to prevent wraparound",
    });
  });

  test("does not include a vacuum started by hand", async () => {
    await admin.query("insert into notes select generate_series(1, 100000)");
    const hand = await sessions.open("by hand");
    const { rows } = await hand.query("select pg_backend_pid() as pid");
    await hand.query("set vacuum_cost_delay = 100; set vacuum_cost_limit = 1");
    const vacuum = hand.query("vacuum (freeze) notes").catch(() => {});
    const isAtWork = async (): Promise<boolean> =>
      (await admin.query("select from pg_stat_progress_vacuum where pid = $1", [rows[0].pid])).rows.length >
      0;
    await until(isAtWork, { describe: "the vacuum is at work" });
    try {
      expect(await autovacuum(await relationOf("notes")).read(sessions.probe())).toBeNull();
      expect(await isAtWork()).toBe(true);
    } finally {
      await admin.query("select pg_cancel_backend($1)", [rows[0].pid]);
      await vacuum;
    }
  });
});

describe("dead rows", () => {
  beforeEach(async () => {
    await admin.query("drop table if exists worn");
    // Autovacuum does not touch this table.
    await admin.query(`create table worn () with (autovacuum_vacuum_insert_threshold = -1,
      autovacuum_vacuum_threshold = 2000000000, autovacuum_analyze_threshold = 2000000000)`);
  });

  const read = async (name = "worn"): Promise<Reading | null> =>
    deadTuples(await relationOf(name)).read(sessions.probe());
  const leave = (rows: number): Promise<void> =>
    once(`begin; insert into worn select from generate_series(1, ${rows}); rollback`);

  test("beyond five million hold a run, and half as many slow it down", async () => {
    await leave(2_400_000);
    expect(await read()).toBeNull();
    await leave(200_000);
    const signal = "dead tuples";
    const reason = "2,600,000 of at most 5,000,000 dead rows in public.worn";
    expect(await read()).toEqual({ signal, utilization: 0.52, reason });
    await leave(2_500_000);
    expect(await read()).toMatchObject({
      utilization: 1.02,
      reason: "5,100,000 > 5,000,000 dead rows in public.worn",
    });
    expect(await read("notes")).toBeNull();
  });

  test("do not count where autovacuum is off: no vacuum would come", async () => {
    await leave(2_600_000);
    for (const off of ["false", "off", "no", "0", "'FALSE'", "f"]) {
      await admin.query(`alter table worn set (autovacuum_enabled = ${off})`);
      expect([off, await read()]).toEqual([off, null]);
    }
    for (const on of ["true", "on", "yes", "1"]) {
      await admin.query(`alter table worn set (autovacuum_enabled = ${on})`);
      expect([on, await read()]).toEqual([on, expect.objectContaining({ utilization: 0.52 })]);
    }
    await admin.query("alter system set autovacuum = off");
    await admin.query("select pg_reload_conf()");
    await until(async () => (await read()) === null, { describe: "autovacuum is off" });
  });
});
