import {
  defineSqlJob,
  deleteFrom,
  insertInto,
  type Job,
  move,
  type RunReport,
  rowsOf,
  runJob,
  sql,
  table,
  undoRun,
  update,
} from "tidefill";
import { beforeEach, expect, test } from "vitest";
import { hashesOf } from "../../database/values/round-trip.ts";
import { useDatabase } from "../../support/database.ts";
import { freshSchemas } from "../../support/fresh-schemas.ts";

const database = useDatabase();
const things = table("things", { key: "id", columns: { id: "bigint", a: "text?" } });
const archive = table("archive", { key: "id", columns: { id: "bigint", a: "text?" } });

beforeEach(async () => {
  await freshSchemas(
    database,
    `
    create table things (id bigint primary key, a text);
    create table archive (id bigint primary key, a text);
    create function swallow() returns trigger language plpgsql as
      'begin if (case tg_op when ''DELETE'' then old.id else new.id end) % 2 = 0 then return null; end if;
       return case tg_op when ''DELETE'' then old else new end; end';
    insert into things select g, 'a' || g from generate_series(1, 100) g`,
  );
});

const options = () => ({ connectionString: database.url, workers: 2 });

/** Makes one kind of write of every second row vanish before it happens. */
async function swallow(verb: "insert" | "update" | "delete", name: string): Promise<void> {
  await database.query(
    `create trigger swallow before ${verb} on ${name} for each row execute function swallow()`,
  );
}

async function counts(): Promise<readonly number[]> {
  const [row] = await database.query(
    "select (select count(*) from things)::integer as things, (select count(*) from archive)::integer as archive",
  );
  return [Number(row!.things), Number(row!.archive)];
}

/**
 * Every second row of this undo is swallowed. It fails, lists these rows, and does them once the trigger is
 * gone.
 */
async function undoesHalf({ run }: RunReport, rows: number, left: readonly number[]): Promise<void> {
  const first = await undoRun(String(run), options());
  expect(first).toMatchObject({ status: "failed", stopReason: "swallowed" });
  expect(first.rows).toMatchObject({ written: rows / 2, swallowed: rows / 2, conflicted: 0, rejected: 0 });
  expect(first.message).toContain("swallow");
  expect(await counts()).toEqual(left);
  const listed = await database.query("select key, reason from tidefill.reject where run_id = $1", [
    first.run,
  ]);
  expect(new Set(listed.map(({ key }) => Number((key as string[])[0]) % 2))).toEqual(new Set([0]));
  expect(listed).toHaveLength(rows / 2);
  await database.query("drop function swallow() cascade");
  const second = await undoRun(String(run), options());
  expect(second).toMatchObject({ status: "succeeded", run: first.run });
  expect(second.rows).toMatchObject({ written: rows, swallowed: 0, conflicted: 0, rejected: 0 });
}

const moving: Job = defineSqlJob({
  name: "moving",
  source: rowsOf(things, { where: sql`true` }),
  sink: move(things, insertInto(archive, { id: sql`id`, a: sql`a` })),
});

test("a moved row that a trigger keeps out of its old table stays in the new one (a)", {
  tags: ["promise"],
}, async () => {
  const before = await hashesOf(database, ["things", "archive"]);
  const report = await runJob(moving, options());
  await swallow("insert", "things");
  await undoesHalf(report, 100, [50, 50]);
  expect(await hashesOf(database, ["things", "archive"])).toEqual(before);
});

test("a moved row that a trigger keeps in the new table is not also put back (a)", async () => {
  const before = await hashesOf(database, ["things", "archive"]);
  const report = await runJob(moving, options());
  await swallow("delete", "archive");
  await undoesHalf(report, 100, [50, 50]);
  expect(await hashesOf(database, ["things", "archive"])).toEqual(before);
});

test("an undo of an update lists the rows that a trigger kept as the run left them (a)", async () => {
  const before = await hashesOf(database, ["things"]);
  const job = defineSqlJob({
    name: "updating",
    source: rowsOf(things, { where: sql`true` }),
    sink: update(things, { a: sql`'b'` }),
  });
  const report = await runJob(job, options());
  await swallow("update", "things");
  await undoesHalf(report, 100, [100, 0]);
  expect(await hashesOf(database, ["things"])).toEqual(before);
});

test("an undo of a delete lists the rows that a trigger kept out (a)", async () => {
  const before = await hashesOf(database, ["things"]);
  const job = defineSqlJob({
    name: "deleting",
    source: rowsOf(things, { where: sql`true` }),
    sink: deleteFrom(things),
  });
  const report = await runJob(job, options());
  await swallow("insert", "things");
  await undoesHalf(report, 100, [50, 0]);
  expect(await hashesOf(database, ["things"])).toEqual(before);
});

test.for([null, "update"] as const)(
  "an undo of an insert (%s) lists the rows that a trigger kept from being removed (a)",
  async (upsert) => {
    const before = await hashesOf(database, ["things", "archive"]);
    const onConflict = { target: ["id"], do: "update", columns: ["a"] } as const;
    const job = defineSqlJob({
      name: "inserting",
      source: rowsOf(things),
      sink: insertInto(archive, { id: sql`id`, a: sql`a` }, upsert === null ? {} : { onConflict }),
    });
    const report = await runJob(job, options());
    await swallow("delete", "archive");
    await undoesHalf(report, 100, [100, 50]);
    expect(await hashesOf(database, ["things", "archive"])).toEqual(before);
  },
);
