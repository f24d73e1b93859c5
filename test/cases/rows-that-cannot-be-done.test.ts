import { randomBytes } from "node:crypto";
import {
  defineJob,
  defineSqlJob,
  type Job,
  type RunReport,
  rowsOf,
  runJob,
  sql,
  table,
  update,
} from "tidefill";
import { beforeEach, expect, test } from "vitest";
import { retryRejects } from "../../src/engine/run/retry-rejects.ts";
import { isLong } from "../crash/programs/random.ts";
import { useDatabase } from "../support/database.ts";
import { freshSchemas } from "../support/fresh-schemas.ts";

const database = useDatabase();
const things = table("things", { key: "id", columns: { id: "bigint", n: "integer?" } });

beforeEach(async () => {
  await freshSchemas(
    database,
    `
    create table things (id bigint primary key, n integer not null default 0);
    insert into things select g from generate_series(1, 1000) g;
    analyze things`,
  );
});

/** Not idempotent and without `pending`: only the list of rejects tells which rows are still to be done. */
const rowJob: Job = defineJob({
  name: "add-one",
  source: rowsOf(things, { where: sql`true` }),
  transform: ({ n }) => ({ n: (n ?? 0) + 1 }),
  sink: update(things, ["n"]),
});
const sqlJob: Job = defineSqlJob({
  name: "add-one",
  source: rowsOf(things, { where: sql`true` }),
  sink: update(things, { n: sql`n + 1` }),
});

async function run(job: Job, signal?: AbortSignal): Promise<RunReport> {
  return runJob(job, { connectionString: database.url, workers: 2, signal });
}

async function done(): Promise<Record<string, unknown>> {
  const [row] = await database.query(
    "select count(*) filter (where n = 1)::integer as once, count(*) filter (where n = 0)::integer as never, count(*)::integer as rows from things",
  );
  return row!;
}

async function rejects(): Promise<readonly Record<string, unknown>[]> {
  return database.query("select key[1] as key, sqlstate, reason from tidefill.reject order by key");
}

test.for(isLong ? [rowJob, sqlJob] : [sqlJob])(
  "a row whose trigger exceeds the statement timeout is rejected, and the other rows are done (B2)",
  async (job) => {
    await database.query(`
    create function slow() returns trigger language plpgsql as 'begin if new.id = 500 then perform pg_sleep(12); end if; return new; end';
    create trigger slow before update on things for each row execute function slow()`);
    const report = await run(job);
    expect(report).toMatchObject({ status: "succeeded", rows: { written: 999, rejected: 1 } });
    expect(report.message).toContain(
      "the write took longer than 10 s. To try them again: tidefill rejects 1 --retry",
    );
    expect(await done()).toEqual({ once: 999, never: 1, rows: 1000 });
    expect(await rejects()).toEqual([
      { key: "500", sqlstate: "57014", reason: "the write took longer than 10 s" },
    ]);
    await database.query("drop function slow() cascade");
    const retried = await retryRejects(job, "1", { connectionString: database.url });
    expect(retried).toMatchObject({ status: "succeeded", rows: { written: 1, rejected: 0 } });
    expect(await done()).toEqual({ once: 1000, never: 0, rows: 1000 });
  },
);

test.for(isLong ? [rowJob, sqlJob] : [rowJob])(
  "a row that a session keeps locked is rejected with the session's name, and the other rows are done (B6)",
  async (job) => {
    const holder = await database.pool.connect();
    try {
      await holder.query(
        "begin; set application_name = 'night shift'; update things set n = n where id = 500",
      );
      const report = await run(job);
      expect(report).toMatchObject({ status: "succeeded", rows: { written: 999, rejected: 1 } });
      expect(report.message).toMatch(
        /^Rejects are left: locked by pid \d+ of \w+ \(night shift\), idle in transaction for \d+ s\. To try them again/,
      );
      expect(await done()).toEqual({ once: 999, never: 1, rows: 1000 });
    } finally {
      await holder.query("rollback; reset application_name");
      holder.release();
    }
  },
);

test("a row that was locked for a while is done once, at the end of the run, even if no reject is allowed (B6)", {
  tags: ["promise"],
}, async () => {
  const holder = await database.pool.connect();
  let isReleased = false;
  const job = defineJob({
    name: "add-one",
    source: rowsOf(things, { where: sql`true` }),
    rejectLimit: 0,
    transform: async ({ id, n }) => {
      // The last rows are reached after the locked row was rejected.
      if (id > 990n && !isReleased) {
        isReleased = true;
        await holder.query("rollback");
      }
      return { n: (n ?? 0) + 1 };
    },
    sink: update(things, ["n"]),
  });
  try {
    await holder.query("begin; update things set n = n where id = 1");
    const report = await runJob(job, { connectionString: database.url, workers: 1 });
    expect(isReleased).toBe(true);
    expect(report).toMatchObject({ status: "succeeded", rows: { read: 1000, written: 1000, rejected: 0 } });
    expect(await done()).toEqual({ once: 1000, never: 0, rows: 1000 });
    expect(await rejects()).toEqual([]);
  } finally {
    holder.release();
  }
});

test("a prepared transaction that holds a row is named by its gid (B6)", async () => {
  await database.query("begin; update things set n = n where id = 500; prepare transaction 'left behind'");
  try {
    const report = await run(sqlJob);
    expect(report.message).toContain("locked by the prepared transaction 'left behind' of ");
    expect(await done()).toEqual({ once: 999, never: 1, rows: 1000 });
  } finally {
    await database.query("rollback prepared 'left behind'");
  }
});

test("a row that cannot be put on the list of rejects stops the run and says why (B3)", async () => {
  await database.query(`
    alter table things add check (id <> 500 or n = 0);
    create function raise() returns trigger language plpgsql as 'begin raise exception ''no''; end'`);
  await runJob({ ...sqlJob, name: "installs" } as Job, {
    connectionString: database.url,
    parameters: {},
  }).catch(() => {});
  await database.query(`
    update things set n = 0; delete from tidefill.reject; delete from tidefill.run;
    create trigger raise before insert on tidefill.reject for each row execute function raise()`);
  const report = await run(sqlJob);
  expect(report).toMatchObject({ status: "failed", stopReason: "error" });
  expect(report.message).toContain(
    "A row could not be put on the list of rejects: raised by a trigger or function",
  );
  await database.query("drop function raise() cascade");
});

test("a row whose key is as long as an index allows is rejected like any other (d)", async () => {
  await database.query(`
    drop table things; create table things (id text primary key, n integer not null default 0 check (n = 0 or length(id) < 9))`);
  const long = randomBytes(1_330).toString("hex");
  await database.query("insert into things (id) values ('a'), ($1), ('b')", [long]);
  const texts = table("things", { key: "id", columns: { id: "text", n: "integer" } });
  const job = defineSqlJob({
    name: "add-one",
    source: rowsOf(texts, { where: sql`true` }),
    sink: update(texts, { n: sql`n + 1` }),
  });
  const report = await run(job);
  expect(report).toMatchObject({ status: "succeeded", rows: { written: 2, rejected: 1 } });
  expect(await rejects()).toMatchObject([{ key: long, sqlstate: "23514" }]);
});
