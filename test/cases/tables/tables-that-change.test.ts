import {
  defineJob,
  defineSqlJob,
  insertInto,
  type Job,
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
import { useDatabase } from "../../support/database.ts";
import { freshSchemas } from "../../support/fresh-schemas.ts";

const database = useDatabase();
const things = table("things", { key: "id", columns: { id: "bigint", n: "integer?" } });

const rows = 2_000;

beforeEach(async () => {
  await freshSchemas(
    database,
    `
    create table things (id bigint primary key, n integer);
    insert into things select g, 0 from generate_series(1, ${rows}) g;
    analyze things`,
  );
});

/** A job whose transform changes the database, as another session, at the middle row. */
function interruptedBy(
  change: string,
  pending = false,
): { readonly job: Job; readonly changed: () => boolean } {
  let isChanged = false;
  const job = defineJob({
    name: "add-one",
    source: rowsOf(things, pending ? { pending: sql`n = 0` } : { where: sql`true` }),
    transform: async ({ id, n }) => {
      if (id >= BigInt(rows / 2) && !isChanged) {
        isChanged = true;
        // It waits for the batch that calls it.
        void database.query(change).catch(() => {});
      }
      return { n: (n ?? 0) + 1 };
    },
    sink: update(things, ["n"]),
    pace: { batchTime: "50ms" },
  });
  return { job, changed: () => isChanged };
}

const options = () => ({ connectionString: database.url, workers: 1 });

const swap = `
  begin;
  create table things_new (like things including all); insert into things_new select id, 0 from things;
  alter table things rename to things_old; alter table things_new rename to things;
  commit`;
const refill = `truncate things; insert into things select g, 0 from generate_series(1, ${rows}) g`;

const whileRunning: Readonly<Record<string, readonly [change: string, message: RegExp]>> = {
  "swapped by rename (A7)": [swap, /^things is another table now than when run 1 began/],
  "truncated and filled again (14)": [
    refill,
    /^things was rewritten since run 1 began\. .*After truncate they are not: tidefill cancel add-one/,
  ],
  "rewritten by vacuum full (14)": [
    "vacuum full things",
    /^things was rewritten since run 1 began\. .*--accept-changes/,
  ],
};

test.for(Object.entries(whileRunning))(
  "a run stops when its table is %s meanwhile",
  { tags: ["promise"] },
  async ([, [change, message]]) => {
    const { job, changed } = interruptedBy(change);
    const report = await runJob(job, options());
    expect(changed()).toBe(true);
    expect(report).toMatchObject({ status: "failed", stopReason: "error" });
    expect(report.message).toMatch(message);
    // Nothing went into the table that replaced it.
    if (change !== "vacuum full things")
      expect(await database.query("select from things where n <> 0")).toEqual([]);
  },
);

test("after vacuum full a run goes on once told that the rows are the same, and does each row once (14)", async () => {
  const { job } = interruptedBy("vacuum full things");
  await runJob(job, options());
  await expect(resumeRun(job, "add-one", options())).rejects.toMatchObject({ check: "tables-are-the-same" });
  const report = await resumeRun(job, "add-one", { ...options(), acceptChanges: true });
  expect(report).toMatchObject({ status: "succeeded", rows: { written: rows } });
  expect(await database.query("select from things where n <> 1")).toEqual([]);
});

test("a run with pending goes on after its table was truncated and refilled, and does all rows (14)", async () => {
  const { job } = interruptedBy(refill, true);
  const report = await runJob(job, options());
  expect(report.status).toBe("succeeded");
  expect(await database.query("select from things where n <> 1")).toEqual([]);
});

test("a table that was swapped while its run was stopped is refused at a resume (A7)", {
  tags: ["promise"],
}, async () => {
  const job = defineSqlJob({
    name: "add-one",
    source: rowsOf(things, { where: sql`true` }),
    sink: update(things, { n: sql`n + 1` }),
  });
  const stop = new AbortController();
  stop.abort();
  await runJob(job, { ...options(), signal: stop.signal });
  await database.query(swap);
  await expect(resumeRun(job, "add-one", options())).rejects.toThrow(/^things is another table now/);
});

test("a partition attached with rows behind the run is named; one created empty is not (A9)", async () => {
  await database.query(`
    drop table things;
    create table things (id bigint primary key, n integer) partition by range (id);
    create table things_2 partition of things for values from (1001) to (10000);
    insert into things select g, 0 from generate_series(1001, ${rows}) g;
    create table things_1 (id bigint primary key, n integer);
    insert into things_1 select g, 0 from generate_series(1, 1000) g`);
  const { job } = interruptedBy(
    "create table things_3 partition of things for values from (10000) to (20000)",
  );
  expect((await runJob(job, options())).status).toBe("succeeded");
  const attach = "alter table things attach partition things_1 for values from (1) to (1001)";
  const { job: again } = interruptedBy(attach);
  const report = await runJob(again, { ...options(), again: true });
  expect(report).toMatchObject({ status: "failed", stopReason: "error" });
  expect(report.message).toContain(
    "The partition public.things_1 was attached to things with rows in it after run 2 began",
  );
});

test("an interrupted verify begins again after its table was rewritten or its partitions changed (A10, E6)", async () => {
  await database.query(`
    drop table things;
    create table things (id bigint primary key, n integer) partition by range (id);
    create table things_1 partition of things for values from (0) to (1000);
    create table things_2 partition of things for values from (1000) to (2000);
    create table things_3 partition of things for values from (2000) to (20000);
    insert into things select g, 0 from generate_series(1, ${rows}) g`);
  const job = defineSqlJob({
    name: "set-one",
    source: rowsOf(things, { where: sql`true` }),
    sink: update(things, { n: sql`1` }),
  });
  await runJob(job, options());
  for (const change of ["drop table things_1", "vacuum full things_2"]) {
    await database.query("update things set n = 1; delete from tidefill.run where kind = 'verify'");
    const stop = new AbortController();
    const first = await verifyRun(job, { ...options(), signal: stop.signal, listeners: [] } as never).then(
      (r) => r,
    );
    expect(first.status).toBe("succeeded");
    stop.abort();
    const stopped = await verifyRun(job, { ...options(), signal: stop.signal });
    expect(stopped.status).toBe("interrupted");
    // As if it had come to its end except for the last row.
    await database.query(
      "insert into tidefill.range (run_id, number, sweep, after_key, checkpoint, through_key) values ($1, 1, 0, null, '{2,\"(0,1)\"}', null)",
      [stopped.run],
    );
    await database.query("update tidefill.run set is_planned = true where id = $1", [stopped.run]);
    await database.query(change);
    await database.query("update things set n = 7 where id in (1500, 2000)");
    const report = await verifyRun(job, options());
    expect(report).toMatchObject({ run: stopped.run, status: "succeeded", rows: { conflicted: 2 } });
  }
});

test("an interrupted undo begins again after its undo log was rewritten (E6)", async () => {
  const job = defineSqlJob({
    name: "set-one",
    source: rowsOf(things, { where: sql`true` }),
    sink: update(things, { n: sql`1` }),
  });
  await runJob(job, options());
  const stop = new AbortController();
  stop.abort();
  const stopped = await undoRun("set-one", { ...options(), signal: stop.signal });
  await database.query(
    "insert into tidefill.range (run_id, number, sweep, checkpoint) values ($1, 1, 0, '{\"(100000,1)\"}')",
    [stopped.run],
  );
  await database.query("update tidefill.run set is_planned = true where id = $1", [stopped.run]);
  await database.query("vacuum full tidefill.undo_1");
  expect(await undoRun("set-one", options())).toMatchObject({ status: "succeeded", rows: { written: rows } });
  expect(await database.query("select from things where n <> 0")).toEqual([]);
});

test("inserted rows without a key are not looked for at addresses that other rows now have (E6)", async () => {
  await database.query("create table logs (n integer)");
  const logs = table("logs", { columns: { n: "integer" } });
  const job = defineSqlJob({
    name: "copy",
    source: rowsOf(things),
    sink: insertInto(logs, { n: sql`n` }),
  });
  await runJob(job, options());
  await database.query("vacuum full logs");
  await expect(undoRun("copy", options())).rejects.toMatchObject({ check: "rows-lie-where-they-lay" });
});
