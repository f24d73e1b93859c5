import { setTimeout as delay } from "node:timers/promises";
import {
  defineJob,
  defineSqlJob,
  deleteFrom,
  insertInto,
  type Job,
  move,
  type RunReport,
  reject,
  resumeRun,
  rowsOf,
  runJob,
  sql,
  table,
  undoRun,
  update,
  verifyRun,
} from "tidefill";
import { beforeEach, expect, test } from "vitest";
import { requestStop } from "../../../src/engine/control/request-stop.ts";
import { exitCodeOf } from "../../../src/engine/report/exit-code.ts";
import { purge } from "../../../src/retention/purge.ts";
import { useDatabase } from "../../support/database.ts";
import { freshSchemas } from "../../support/fresh-schemas.ts";
import { withEngine } from "../run/small-batches.ts";

const database = useDatabase();
const rows = 4_000;
const things = table("things", { key: "id", columns: { id: "bigint", a: "integer?", b: "integer?" } });
const target = table("target", { key: "id", columns: { id: "bigint", b: "integer?" } });

beforeEach(async () => {
  await freshSchemas(
    database,
    `
    create table things (id bigint primary key, a integer, b integer);
    insert into things select g, g, null from generate_series(1, ${rows}) g order by md5(g::text);
    create table target (id bigint primary key, b integer);
    analyze things`,
  );
});

const options = () => ({ connectionString: database.url, workers: 2, again: true }) as const;

/** The keys that a verify reports, in order. */
async function differences(job: Job): Promise<number[]> {
  const report = await verifyRun(job, options());
  expect(report).toMatchObject({ kind: "verify", status: "succeeded", broken: [] });
  return keysOf(report);
}

async function keysOf(
  report: RunReport | { readonly run: number; readonly rows: { readonly conflicted: number } },
): Promise<number[]> {
  const found = await database.query(
    "select key[1]::integer as id from tidefill.reject where run_id = $1 order by 1",
    [report.run],
  );
  expect(report.rows.conflicted).toBe(found.length);
  return found.map(({ id }) => Number(id));
}

/** Address and version of each row of the tables. */
async function places(): Promise<unknown> {
  return database.query(`select 'things' as t, ctid::text, xmin::text, xmax::text, id from things
    union all select 'target', ctid::text, xmin::text, xmax::text, id from target order by 1, 5`);
}

const updateRows = defineJob({
  name: "update-rows",
  source: rowsOf(things, { read: ["a"] }),
  transform: ({ a }) => ({ b: (a ?? 0) * 2 }),
  sink: update(things, ["b"]),
});
const updateBySql = defineSqlJob({
  name: "update-by-sql",
  source: rowsOf(things, { pending: sql`b is null` }),
  sink: update(things, { b: sql`a * 2` }),
});
const insertRows = defineJob({
  name: "insert-rows",
  source: rowsOf(things, { read: ["id", "a"] }),
  transform: ({ id, a }) => [{ id, b: a }],
  sink: insertInto(target, ["id", "b"]),
});
const upsertBySql = defineSqlJob({
  name: "upsert-by-sql",
  source: rowsOf(things),
  sink: insertInto(
    target,
    { id: sql`id`, b: sql`a` },
    { onConflict: { target: ["id"], do: "update", columns: ["b"] } },
  ),
});
const corruptions = [
  ["an update of a row job", updateRows, "update things set b = b + 1 where id % KEEP = 0"],
  ["an update by SQL", updateBySql, "update things set b = null where id % KEEP = 0"],
  ["an insert of a row job", insertRows, "update target set b = -1 where id % KEEP = 0"],
  ["an insert that lost its rows", insertRows, "delete from target where id % KEEP = 0"],
  ["an upsert by SQL", upsertBySql, "update target set b = -1 where id % KEEP = 0"],
] as const;

test.each(corruptions)(
  "%s: verify reports exactly the rows that the test has corrupted",
  { tags: ["promise"] },
  async (_, job, corrupt) => {
    expect(await runJob(job, options())).toMatchObject({ status: "succeeded", rows: { written: rows } });
    const before = await places();
    expect(await differences(job)).toEqual([]);
    const corrupted = new Set<number>();
    for (const every of [4_000, 571, 1]) {
      await database.query(corrupt.replace("KEEP", String(every)));
      const placed = await places();
      for (let id = every; id <= rows; id += every) corrupted.add(id);
      expect(await differences(job)).toEqual([...corrupted].sort((left, right) => left - right));
      expect(await places(), "verify writes nothing").toEqual(placed);
      if (every !== 1) expect(placed).not.toEqual(before);
    }
  },
);

test("verify of a delete reports the rows that are still there", async () => {
  const job = defineSqlJob({
    name: "away",
    source: rowsOf(things, { where: sql`id % 2 = 0` }),
    sink: deleteFrom(things),
  });
  await runJob(job, options());
  expect(await differences(job)).toEqual([]);
  await database.query("insert into things values (2, 2), (4, 4)");
  expect(await differences(job)).toEqual([2, 4]);
});

test("a verify that cannot begin leaves no run behind, which would hold the undo log back for ever", async () => {
  const job = defineJob({
    name: "nothing-unique",
    source: rowsOf(things, { read: ["a"] }),
    transform: ({ a }) => ({ b: a }),
    sink: insertInto(table("plain", { columns: { b: "integer?" } }), ["b"]),
  });
  await database.query("create table plain (b integer)");
  await runJob(job, options());
  await expect(verifyRun(job, options())).rejects.toThrow(/have no unique key/);
  expect(await database.query("select job, kind from tidefill.run where finished_at is null")).toEqual([]);
});

const moved = defineJob({
  name: "moved",
  source: rowsOf(things, { read: ["id", "a"], where: sql`id > 100` }),
  transform: ({ id, a }) => [
    { id, b: a },
    { id: -id, b: a },
  ],
  sink: move(things, insertInto(target, ["id", "b"])),
});
const movedBySql = defineSqlJob({
  name: "moved-by-sql",
  source: rowsOf(things, { where: sql`id > 100` }),
  sink: move(things, insertInto(target, { id: sql`-id`, b: sql`a` })),
});
const leavesScope = defineJob({
  name: "leaves-scope",
  source: rowsOf(things, { read: ["a"], where: sql`a <= 2000` }),
  transform: ({ a }) => ({ a: (a ?? 0) + 10_000 }),
  sink: update(things, ["a"]),
});
const leavesScopeBySql = defineSqlJob({
  name: "leaves-scope-by-sql",
  source: rowsOf(things, { where: sql`a <= 2000`, pending: sql`b is null` }),
  sink: update(things, { a: sql`a + 10000`, b: sql`1` }),
});
/**
 * How many rows each job writes, how to corrupt the rows whose number is divisible by KEEP, and the least and
 * greatest number.
 */
const outOfSight = [
  [moved, 3_900, "delete from target where id = KEEP * (id / KEEP) and id > 0", 101, 4_000],
  [movedBySql, 3_900, "delete from target where id = KEEP * (id / KEEP)", 101, 4_000],
  [leavesScope, 2_000, "update things set a = a + 1 where id % KEEP = 0 and id <= 2000", 1, 2_000],
  [leavesScopeBySql, 2_000, "update things set b = 2 where id % KEEP = 0 and id <= 2000", 1, 2_000],
] as const;

test.each(outOfSight)(
  "$name: rows that the job no longer finds are compared by the undo log",
  async (job, written, corrupt, from, to) => {
    expect(await runJob(job, options())).toMatchObject({ status: "succeeded", rows: { written } });
    expect(await verifyRun(job, options())).toMatchObject({ rows: { read: written, conflicted: 0 } });
    // The application deletes a row that was updated; that is not a difference.
    if (job === leavesScope) await database.query("delete from things where id = 1000");
    const corrupted = new Set<number>();
    for (const every of [1_999, 571, 1]) {
      await database.query(corrupt.replaceAll("KEEP", String(every)));
      for (let id = every; id <= to; id += every) if (id >= from) corrupted.add(id);
      if (job === leavesScope) corrupted.delete(1_000);
      const placed = await places();
      expect(await differences(job)).toEqual([...corrupted].sort((left, right) => left - right));
      expect(await places(), "verify writes nothing").toEqual(placed);
    }
  },
);

test("a verify says what it has not compared, and a run of which it compared nothing is not proved", async () => {
  for (const job of [moved, leavesScope]) {
    const { run } = await runJob(job, options());
    expect(exitCodeOf(await verifyRun(job, options()))).toBe(0);
    await withEngine(database.url, (session) => purge(session, { olderThanMs: 0, undoLogsOnly: true }));
    const report = await verifyRun(job, options());
    expect(exitCodeOf(report)).toBe(4);
    expect(report).toMatchObject({
      status: "succeeded",
      message: expect.stringMatching(/^None of the \d+ rows that run \d+ wrote was compared\.$/),
      rows: { read: 0, conflicted: 0 },
      notCompared: [expect.stringContaining(`the undo log of run ${run} was purged`)],
    });
  }
  await database.query(
    "insert into things select g, g, null from generate_series(1, 10) g on conflict do nothing",
  );
  const seed = defineSqlJob({
    name: "seed",
    source: rowsOf(things),
    sink: insertInto(target, { id: sql`id`, b: sql`a` }, { onConflict: { target: ["id"], do: "nothing" } }),
  });
  await runJob(seed, options());
  const verified = await verifyRun(seed, options());
  expect(exitCodeOf(verified)).toBe(0);
  expect(verified).toMatchObject({
    message: null,
    notCompared: [expect.stringContaining('do: "nothing"')],
  });
  expect(await verifyRun(updateRows, options())).toMatchObject({ message: null, notCompared: [] });
});

test("a verify of an unfinished run says so and proves nothing; a verify of an undone run is refused", async () => {
  const never = await verifyRun(updateRows, options());
  await expect(verifyRun(updateRows, { ...options(), run: BigInt(never.run) })).rejects.toThrow(
    "it is the verify of update-rows, which has never run",
  );
  const { run } = await runJob(updateRows, { ...options(), canary: "10%" });
  const part = await verifyRun(updateRows, options());
  expect(exitCodeOf(part)).toBe(4);
  expect(part).toMatchObject({
    status: "succeeded",
    message: `Run ${run} was unfinished when this verify began, so only the ${part.rows.read} rows were compared that it had reached. Finish it, and compare again: tidefill resume update-rows`,
    rows: { conflicted: 0 },
  });
  expect(part.rows.read).toBeGreaterThan(0);
  await resumeRun(updateRows, "update-rows", options());
  expect(exitCodeOf(await verifyRun(updateRows, options()))).toBe(0);
  const undo = await undoRun(String(run), options());
  const undone = `Run ${run} of update-rows was undone by run ${undo.run}`;
  await expect(verifyRun(updateRows, options())).rejects.toThrow(undone);
  await expect(verifyRun(updateRows, { ...options(), run: BigInt(run) })).rejects.toThrow(undone);
  await expect(verifyRun(updateRows, { ...options(), run: BigInt(undo.run) })).rejects.toThrow(
    `it is the undo of run ${run}`,
  );
  // The same undo, as if it had been interrupted.
  await database.query("update tidefill.run set status = 'interrupted', finished_at = null where id = $1", [
    undo.run,
  ]);
  await expect(verifyRun(updateRows, options())).rejects.toThrow(`Run ${undo.run} has undone a part`);
  await database.query("update tidefill.run set status = 'succeeded', finished_at = now() where id = $1", [
    undo.run,
  ]);
  await runJob(updateRows, options());
  expect(exitCodeOf(await verifyRun(updateRows, options()))).toBe(0);
});

test("a verify of a cancelled run compares what the run has done", async () => {
  const { run } = await runJob(updateRows, { ...options(), canary: "10%" });
  await withEngine(database.url, (session) => requestStop(session, String(run), "cancelled"));
  const part = await verifyRun(updateRows, options());
  expect(part.rows).toMatchObject({ conflicted: 0 });
  expect(part.message).toMatch(
    /^Run \d+ was unfinished when this verify began, so only the \d+ rows were compared that it had reached\.$/,
  );
  expect(exitCodeOf(part)).toBe(4);
});

test("each run of any kind has its line in the audit, also a verify of a job that never ran", async () => {
  await runJob(updateBySql, { ...options(), canary: "10%" });
  await resumeRun(updateBySql, "update-by-sql", options());
  await differences(updateBySql);
  await differences(insertRows).catch(() => {});
  await undoRun("update-by-sql", options());
  const kinds = await database.query(
    "select kind, count(*)::integer from tidefill.run group by 1 order by 1",
  );
  expect(kinds).toEqual([
    { kind: "run", count: 1 },
    { kind: "undo", count: 1 },
    { kind: "verify", count: 3 },
  ]);
  const silent = await database.query(`select id, job, kind from tidefill.run
    where not exists (select from tidefill.audit where run_id = id and action = kind and audit.job = run.job)`);
  expect(silent).toEqual([]);
});

test("a verify covers all partitions", async () => {
  await database.query(`drop table things;
    create table things (id bigint primary key, a integer, b integer) partition by range (id);
    create table things_1 partition of things for values from (minvalue) to (10);
    create table things_2 partition of things for values from (10) to (20) partition by range (id);
    create table things_3 (b integer, junk text, id bigint primary key, a integer);
    alter table things_3 drop column junk;
    alter table things attach partition things_3 for values from (20) to (3000);
    create table things_4 partition of things for values from (3000) to (4000);
    create table things_5 partition of things default;
    insert into things select g, g from generate_series(1, ${rows}) g where g not between 10 and 19`);
  for (const job of [updateRows, updateBySql]) {
    await runJob(job, options());
    expect(await differences(job)).toEqual([]);
    await database.query("update things set b = 1 where id in (1, 9, 20, 2999, 3000, 3999, 4000)");
    expect(await differences(job)).toEqual([1, 9, 20, 2_999, 3_000, 3_999, 4_000]);
    await database.query("update things set b = null");
  }
});

test("concurrent writers that keep rows consistent raise no false alarm", async () => {
  const corrupted = [11, 1_000, 3_999];
  for (const job of [updateRows, updateBySql]) {
    await runJob(job, options());
    await database.query("update things set b = -5 where id = any ($1)", [corrupted]);
    let isOver = false;
    // Not without end: dead rows slow a verify down, and a slow verify would leave time for more of them.
    const write = async (): Promise<void> => {
      for (let updates = 0; updates < 1_000 && !isOver; updates += 1) {
        const id = Math.ceil(Math.random() * rows);
        await database.query(
          "update things set a = a + 1, b = (a + 1) * 2 where id between $1::integer and $1::integer + 20 and not id = any ($2)",
          [id, corrupted],
        );
        await delay(5);
      }
    };
    const writers = [write(), write()];
    // Rows move meanwhile and may be missed. A reported row must be wrong; a wrong row that does not move is
    // found.
    for (let round = 0; round < 3; round += 1) expect(await differences(job)).toEqual(corrupted);
    isOver = true;
    await Promise.all(writers);
    expect(await differences(job)).toEqual(corrupted);
    await database.query("update things set a = id, b = null");
  }
});

test("rows that the run rejected are not reported, but rows that were never done are", async () => {
  const job = defineJob({
    name: "rejecting",
    source: rowsOf(things, { read: ["id", "a"] }),
    transform: ({ id, a }) => (a === 5 ? reject("five") : { b: id % 1_000n === 0n ? -1 : a }),
    sink: update(things, ["b"]),
  });
  await database.query("alter table things add check (b >= 0)");
  expect(await runJob(job, options())).toMatchObject({ rows: { rejected: 5 } });
  expect(await differences(job)).toEqual([]);
  await database.query("insert into things values (9001, 1, null)");
  expect(await differences(job)).toEqual([9_001]);
});

test("an interrupted verify resumes where it was", async () => {
  await runJob(updateRows, options());
  await database.query("update things set b = 0 where id % 1000 = 0");
  for (const isResumed of [true, false]) {
    const stop = new AbortController();
    const first = await verifyRun(updateRows, {
      ...options(),
      workers: 1,
      signal: stop.signal,
      onEvent: (event) => {
        if (event.type === "batch committed") stop.abort();
      },
    });
    expect(first.status).not.toBe("succeeded");
    const last = isResumed
      ? await resumeRun(updateRows, String(first.run), options())
      : await verifyRun(updateRows, options());
    expect(last).toMatchObject({ run: first.run, status: "succeeded", rows: { read: rows } });
    expect(await keysOf(last)).toEqual([1_000, 2_000, 3_000, 4_000]);
  }
});

test("integrity queries must hold before a run and are reported after a verify", async () => {
  const job = defineSqlJob({
    name: "checked",
    source: rowsOf(things),
    sink: update(things, { b: sql`a` }),
    integrity: [{ name: "no negative", query: sql`select id from things where a < 0 or b < 0` }],
  });
  await database.query("update things set a = -7 where id = 7");
  await expect(runJob(job, options())).rejects.toMatchObject({ check: "integrity-holds" });
  await database.query("update things set a = 7 where id = 7");
  expect(await runJob(job, options())).toMatchObject({ status: "succeeded" });
  expect(await verifyRun(job, options())).toMatchObject({ status: "succeeded", broken: [] });
  await database.query("update things set a = -8, b = -8 where id in (8, 9)");
  expect(await verifyRun(job, options())).toMatchObject({
    rows: { conflicted: 0 },
    broken: ['"no negative" is broken by 2 rows'],
  });
});

test("a verify of a large table keeps to its batches while other sessions scan the table", async () => {
  await database.query(`drop table things;
    create table things (id bigint primary key, a integer, b integer, pad text) with (autovacuum_enabled = false);
    insert into things select g, g, 2 * g, repeat('x', 150) from generate_series(1, 200000) g;
    analyze things;
    update things set b = 0 where id <= 100 or id in (101, 1000, 10000, 20000)`);
  // A scan that ends in the middle of the table leaves its position to the next scan.
  const scan = await database.pool.connect();
  await scan.query(
    "set enable_indexscan = off; set enable_bitmapscan = off; set max_parallel_workers_per_gather = 0",
  );
  await scan.query("select from things where id = 150000 limit 1");
  scan.release(true);
  const job = defineSqlJob({
    name: "large",
    source: rowsOf(things),
    sink: update(things, { b: sql`a * 2` }),
  });
  let most = 0;
  const report = await verifyRun(job, {
    ...options(),
    onEvent: (event) => {
      if (event.type === "batch committed") most = Math.max(most, event.counts.read);
    },
  });
  expect(await keysOf(report)).toHaveLength(104);
  expect(most).toBeLessThan(100_000);
});
