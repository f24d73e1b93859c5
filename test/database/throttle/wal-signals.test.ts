import { statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test, vi } from "vitest";
import { Cluster } from "../../../src/embedded/cluster.ts";
import { SignalBlindError } from "../../../src/throttle/signal.ts";
import { activeSessions } from "../../../src/throttle/signals/active-sessions.ts";
import { archiver } from "../../../src/throttle/signals/archiver.ts";
import { diskSpace } from "../../../src/throttle/signals/disk-space.ts";
import { replicationSlots } from "../../../src/throttle/signals/replication-slots.ts";
import { WalWritten } from "../../../src/throttle/signals/wal-written.ts";
import { Sessions } from "../../support/sessions.ts";

// These look at the whole server: on the shared one they would see other tests.
const settings = {
  fsync: "off",
  max_connections: "40",
  max_slot_wal_keep_size: "64MB",
  archive_mode: "on",
  archive_command: "exit 1",
};
const batches = "tidefill increment run 7 range ";
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
});
afterEach(async () => {
  vi.useRealTimers();
  await sessions.close();
});

/** Writes WAL that no table accounts for. */
async function writeWal(session: pg.Client, megabytes: number): Promise<void> {
  await session.query("select pg_logical_emit_message(false, 'test', repeat('x', $1::integer * 1048576))", [
    megabytes,
  ]);
}

describe("WAL", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["performance"] });
  });

  test("is measured per second, and holds a run back where the job sets a limit", async () => {
    const db = sessions.probe();
    const limited = new WalWritten(1_048_576, batches);
    const free = new WalWritten(null, batches);
    expect(await limited.read(db)).toEqual({
      signal: "wal",
      utilization: 0,
      reason: "WAL 0 B/s of at most 1 MB/s",
    });
    expect(await free.read(db)).toBeNull();
    await writeWal(admin, 6);
    vi.advanceTimersByTime(2_000);
    const reading = await limited.read(db);
    expect(reading?.utilization).toBeCloseTo(3, 1);
    expect(reading?.reason).toBe("WAL 3 MB/s > 1 MB/s");
    expect(await free.read(db)).toBeNull();
    expect(free.bytesPerSecond / 1_048_576).toBeCloseTo(3, 1);
  });

  test("of tidefill's own is told apart where the server counts WAL for each backend", async () => {
    const db = sessions.probe();
    const ours = await sessions.open(`${batches}1`);
    const other = await sessions.open("tidefill increment run 8 range 1");
    const signal = new WalWritten(null, batches);
    await signal.read(db);
    await writeWal(admin, 4);
    await writeWal(ours, 2);
    await writeWal(other, 3);
    if (inject("postgresVersion") >= 18)
      for (const each of [admin, ours, other]) await each.query("select pg_stat_force_next_flush()");
    vi.advanceTimersByTime(1_000);
    await signal.read(db);
    expect(signal.bytesPerSecond / 1_048_576).toBeCloseTo(9, 1);
    if (inject("postgresVersion") < 18) return expect(signal.ownBytesPerSecond).toBeNull();
    expect((signal.ownBytesPerSecond ?? 0) / 1_048_576).toBeCloseTo(2, 1);
    // A pooler lends tidefill backends in which other users have written before.
    await admin.query(`set application_name = '${batches}2'`);
    await writeWal(admin, 1);
    await admin.query("select pg_stat_force_next_flush()");
    vi.advanceTimersByTime(1_000);
    await signal.read(db);
    expect((signal.ownBytesPerSecond ?? 0) / 1_048_576).toBeCloseTo(1, 1);
  });
});

describe("a replication slot", () => {
  afterEach(async () => {
    await sessions.close();
    admin = await sessions.open("admin");
    await admin.query("select pg_drop_replication_slot(slot_name) from pg_replication_slots");
  });

  test("that is not read holds a run at half of what the server keeps for it", async () => {
    const db = sessions.probe();
    expect(await replicationSlots.read(db)).toBeNull();
    await admin.query("select pg_create_physical_replication_slot('reserves_nothing')");
    expect(await replicationSlots.read(db)).toBeNull();
    await admin.query("select pg_create_physical_replication_slot('unread', true)");
    const first = await replicationSlots.read(db);
    expect(first?.reason).toMatch(/^replication slot unread retains .+ of at most 32 MB of WAL$/);
    await writeWal(admin, 40);
    await admin.query("select pg_switch_wal()");
    await admin.query("checkpoint");
    await admin.query("select pg_create_physical_replication_slot('younger', true)");
    const reading = await replicationSlots.read(db);
    expect(reading?.utilization).toBeGreaterThan(40 / 32);
    expect(reading?.utilization).toBeLessThan(2);
    expect(reading?.reason).toMatch(/^replication slot unread retains \d+ MB > 32 MB of WAL$/);
  });

  test("that is lost, or temporary, has nothing more to lose", async () => {
    await admin.query("select pg_create_physical_replication_slot('lost', true)");
    await writeWal(admin, 100);
    await admin.query("select pg_switch_wal()");
    await admin.query("checkpoint");
    const { rows } = await admin.query(
      "select slot_name from pg_replication_slots where wal_status = 'lost'",
    );
    expect(rows).toEqual([{ slot_name: "lost" }]);
    await admin.query("select pg_create_physical_replication_slot('passing', true, true)");
    expect(await replicationSlots.read(sessions.probe())).toBeNull();
  });
});

describe("the archiver", () => {
  test("holds a run when 42 files wait for it", async () => {
    const status = join(cluster.directory, "data", "pg_wal", "archive_status");
    const db = sessions.probe();
    const files = async (): Promise<number> => {
      const { rows } = await admin.query(
        "select count(*)::integer as n from pg_ls_archive_statusdir() where name like '%.ready'",
      );
      return rows[0].n;
    };
    await admin.query("select pg_logical_emit_message(false, 'test', 'x'), pg_switch_wal()");
    const waiting = await files();
    expect(waiting).toBeGreaterThan(0);
    const reading = await archiver.read(db);
    expect(reading).toMatchObject({
      utilization: waiting / 42,
      reason: `${waiting} of at most 42 WAL files wait for the archiver`,
    });
    for (let file = waiting; file < 42; file += 1) await writeFile(join(status, `test-${file}.ready`), "");
    await writeFile(join(status, "test.done"), "");
    expect(await archiver.read(db)).toEqual({
      signal: "archiver",
      utilization: 1,
      reason: "42 > 42 WAL files wait for the archiver",
    });
  });
});

describe("a role without pg_monitor", () => {
  beforeEach(async () => {
    await admin.query("drop role if exists filler");
    await admin.query("create role filler login password 'tide'");
  });

  const asFiller = (): string => {
    const url = new URL(cluster.url());
    url.username = "filler";
    url.password = "tide";
    return url.href;
  };

  test.each([
    [activeSessions, "other sessions"],
    [archiver, "WAL that waits for the archiver"],
    [diskSpace, "the room on the disk"],
  ])("is told which grant %o needs", async (signal, what) => {
    const db = sessions.probe(asFiller());
    await expect(signal.read(db)).rejects.toThrow(SignalBlindError);
    await expect(signal.read(db)).rejects.toThrow(`${what} cannot be seen: grant pg_monitor to filler`);
    await admin.query("grant pg_monitor to filler");
    expect(await signal.read(db)).not.toBeNull();
  });

  test("sees the disk's free space with that grant", async () => {
    const db = sessions.probe(asFiller());
    await admin.query("grant pg_monitor to filler");
    const reading = await diskSpace.read(db);
    const { bavail, blocks, bsize } = await statfs(join(cluster.directory, "data"));
    const least = Math.max(1_073_741_824, Math.min(10 * 1_073_741_824, 0.05 * blocks * bsize));
    expect(reading?.utilization).toBeCloseTo(least / (bavail * bsize), 2);
    expect(reading?.reason).toMatch(/^[\d.]+ [A-Z]B of at least [\d.]+ [A-Z]B free on the database's disk$/);
  });
});
