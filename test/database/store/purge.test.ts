import { defineJob, defineSqlJob, deleteFrom, rowsOf, runJob, sql, table, undoRun, update } from "tidefill";
import { beforeEach, expect, test } from "vitest";
import { type Purged, purge } from "../../../src/retention/purge.ts";
import { useDatabase } from "../../support/database.ts";
import { emptyStore } from "../../support/empty-store.ts";
import { withEngine } from "../run/small-batches.ts";

const database = useDatabase();
const options = { undoKey: "a key of these tests", workers: 2 };
const day = 86_400_000;

const person = table("school.person", { key: "id", columns: { id: "integer", name: "text" } });
const anonymise = defineSqlJob({
  name: "anonymise",
  personalData: true,
  source: rowsOf(person, {}),
  sink: update(person, { name: sql`'nobody'` }),
});
const remove = defineSqlJob({ name: "remove", source: rowsOf(person, {}), sink: deleteFrom(person) });

beforeEach(async () => {
  await database.query(`
    ${emptyStore};
    drop schema if exists school cascade;
    create extension if not exists pgcrypto;
    create schema school;
    create table school.person (id integer primary key, name text not null);
    insert into school.person select g, 'person ' || g from generate_series(1, 9) g`);
});

const run = (job: Parameters<typeof runJob>[0]) =>
  runJob(job, { ...options, connectionString: database.url, again: true });
const undo = (number: number) => undoRun(String(number), { ...options, connectionString: database.url });
const purgeOld = (olderThanMs: number, undoLogsOnly = false): Promise<Purged> =>
  withEngine(database.url, (session) => purge(session, { olderThanMs, undoLogsOnly }));
const age = (days: number, where = "true") =>
  database.query(`update tidefill.run set finished_at = now() - interval '${days} days' where ${where}`);

test("purge drops the logs, rejects and runs that are old enough, and nothing else", {
  tags: ["promise"],
}, async () => {
  const old = await run(remove);
  await database.query("insert into school.person values (1, 'a'), (2, 'b')");
  const young = await run(remove);
  await age(40, `id = ${old.run}`);
  const purged = await purgeOld(30 * day);
  expect(purged).toMatchObject({ runs: 1, undoLogs: 1, rejects: 0, busy: [] });
  expect(purged.bytes).toBeGreaterThan(0);
  expect(await database.query("select id::integer, undo_log from tidefill.run")).toEqual([
    { id: young.run, undo_log: "plain" },
  ]);
  expect(await database.query("select distinct run_id::integer as run from tidefill.range")).toEqual([
    { run: young.run },
  ]);
  expect(await database.query("select to_regclass('tidefill.undo_1') as log")).toEqual([{ log: null }]);
  expect(await purgeOld(30 * day)).toMatchObject({ runs: 0, undoLogs: 0, rejects: 0, bytes: 0 });
  const lines = await database.query(
    "select run_id::integer as run, details from tidefill.audit where action = 'purge'",
  );
  expect(lines).toEqual([
    { run: old.run, details: { run: "removed", undoLog: true, rejects: 0, bytes: purged.bytes } },
  ]);
});

test("the newest run of a job stays, without keys, so that the job does not look pending", async () => {
  const failing = defineJob({
    name: "failing",
    source: rowsOf(person, { read: [] }),
    transform: (row) => {
      if (row.id === 7) throw new Error("no");
      return { name: "done" };
    },
    sink: update(person, ["name"]),
  });
  const { run: number } = await run(failing);
  await age(40);
  await database.query("update tidefill.range set after_key = '{3}', checkpoint = '{9}'");
  expect(await purgeOld(30 * day)).toMatchObject({ runs: 0, undoLogs: 1, rejects: 1 });
  expect(await purgeOld(30 * day)).toMatchObject({ runs: 0, undoLogs: 0, rejects: 0 });
  const [range] = await database.query(
    "select sum(rows_written)::integer as written, count(coalesce(after_key, checkpoint))::integer as keys from tidefill.range where run_id = $1",
    [number],
  );
  expect(range).toEqual({ written: 8, keys: 0 });
  await expect(runJob(failing, { connectionString: database.url })).rejects.toMatchObject({
    check: "not-done-already",
  });
  await expect(undo(number)).rejects.toThrow(/was purged/);
});

test("the run of an unfinished undo is not purged, and a run is purged with its undo", async () => {
  const { run: number } = await run(remove);
  await undo(number);
  await age(40);
  await database.query("update tidefill.run set status = 'paused', finished_at = null where kind = 'undo'");
  expect(await purgeOld(0)).toMatchObject({
    runs: 0,
    undoLogs: 0,
    held: [{ run: number, job: "remove", by: number + 1, kind: "undo" }],
  });
  await database.query(
    "update tidefill.run set status = 'cancelled', finished_at = now() where kind = 'undo'",
  );
  await run(remove);
  await age(40);
  expect(await purgeOld(30 * day)).toMatchObject({ runs: 2, undoLogs: 2, held: [] });
});

test("encrypted logs expire after 30 days even where runs are kept longer, and logs can be purged alone", async () => {
  const encrypted = await run(anonymise);
  const plain = await run(remove);
  await age(31);
  expect(await purgeOld(90 * day)).toMatchObject({ runs: 0, undoLogs: 1, rejects: 0 });
  const logs = (): Promise<Record<string, unknown>[]> =>
    database.query("select id::integer, undo_log from tidefill.run order by id");
  expect(await logs()).toEqual([
    { id: encrypted.run, undo_log: "purged" },
    { id: plain.run, undo_log: "plain" },
  ]);
  expect(await purgeOld(30 * day, true)).toMatchObject({ runs: 0, undoLogs: 1 });
});

test("a log that a session reads is left for the next purge", async () => {
  const { run: number } = await run(remove);
  await age(40);
  const reader = await database.pool.connect();
  try {
    await reader.query(`begin; select count(*) from tidefill.undo_${number}`);
    expect(await purgeOld(30 * day)).toMatchObject({ undoLogs: 0, busy: [number] });
  } finally {
    await reader.query("rollback");
    reader.release();
  }
  expect(await purgeOld(30 * day)).toMatchObject({ undoLogs: 1, busy: [] });
});
