import { defineJob, defineSqlJob, rowsOf, runJob, sql, table, update } from "tidefill";
import { beforeEach, expect, inject, test } from "vitest";
import { useDatabase } from "../../support/database.ts";
import { emptyStore } from "../../support/empty-store.ts";

const database = useDatabase();
const notes = table("notes", { key: "id", columns: { id: "bigint", body: "text?" } });

beforeEach(async () => {
  await database.query(emptyStore);
  await database.query("drop schema if exists evil cascade");
  await database.query("drop table if exists notes, seen");
  await database.query("create table notes (id bigint primary key, body text, touched timestamp)");
  await database.query("insert into notes (id) select g from generate_series(1, 100) g");
  await database.query(`alter database ${database.name} reset all`);
});

async function reconnect(): Promise<void> {
  await database.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()",
  );
}

test("a schema before pg_catalog in the search path cannot replace built-in functions", {
  tags: ["promise"],
}, async () => {
  await database.query("create schema evil");
  await database.query(
    "create function evil.lower(text) returns text language sql as $$ select 'hijacked' $$",
  );
  await database.query(
    "create function evil.never(bigint, bigint) returns boolean language sql as 'select false'",
  );
  await database.query("create operator evil.= (leftarg = bigint, rightarg = bigint, function = evil.never)");
  await database.query(`alter database ${database.name} set search_path = evil, public, pg_catalog`);
  await reconnect();
  const job = defineSqlJob({
    name: "lower-notes",
    source: rowsOf(table("public.notes", { key: "id", columns: { id: "bigint", body: "text?" } }), {
      where: sql`id = id`,
    }),
    sink: update(table("public.notes", { key: "id", columns: { id: "bigint", body: "text?" } }), {
      body: sql`lower('ABC')`,
    }),
  });
  const report = await runJob(job, { connectionString: database.url });
  expect(report).toMatchObject({ status: "succeeded", rows: { written: 100 } });
  expect(await database.query("select distinct body from public.notes")).toEqual([{ body: "abc" }]);
});

// pgbouncer keeps the time zone and date style it saw first, even when the database's settings change.
const isPooled = inject("poolerUrl") !== null;

test.skipIf(isPooled)(
  "triggers work as for the application: with its search path, time zone, and order of day and month",
  async () => {
    await database.query("create table seen (day date, at timestamp)");
    await database.query(`
    create function remember() returns trigger language plpgsql as $$
    begin
      create table if not exists made_by_trigger (id bigint);
      insert into seen values ('03/04/2024'::date, now());
      return new;
    end $$`);
    await database.query(
      "create trigger remember before update on notes for each row execute function remember()",
    );
    await database.query(`alter database ${database.name} set timezone = 'Asia/Tokyo'`);
    await database.query(`alter database ${database.name} set datestyle = 'SQL, DMY'`);
    await reconnect();
    const job = defineJob({
      name: "fill-notes",
      source: rowsOf(notes, { read: [] }),
      transform: (note) => ({ body: `note ${note.id}` }),
      sink: update(notes, ["body"]),
    });
    expect(await runJob(job, { connectionString: database.url })).toMatchObject({
      rows: { written: 100, rejected: 0 },
    });
    const seen = await database.query(`
    select distinct to_char(day, 'YYYY-MM-DD') as day,
      abs(extract(epoch from at - (now() at time zone 'Asia/Tokyo'))) < 3600 as is_local
    from seen`);
    expect(seen).toEqual([{ day: "2024-04-03", is_local: true }]);
    expect(await database.query("select to_regclass('public.made_by_trigger')::text as made")).toEqual([
      { made: "made_by_trigger" },
    ]);
  },
);
