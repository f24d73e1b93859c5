import {
  defineJob,
  defineSqlJob,
  deleteFrom,
  insertInto,
  type Job,
  move,
  rowsOf,
  runJob,
  sql,
  table,
  update,
} from "tidefill";
import { beforeEach, expect, test } from "vitest";
import { refusalOf } from "../../database/plan/refusals.ts";
import { useDatabase } from "../../support/database.ts";
import { emptyStore } from "../../support/empty-store.ts";
import { planOf } from "../plan-of.ts";

const database = useDatabase();

beforeEach(async () => {
  await database.query(`
    drop schema if exists shop cascade; ${emptyStore}; create schema shop;
    create table shop.parent (id bigint primary key, code integer unique, old boolean);
    insert into shop.parent select g, g, g > 20 from generate_series(1, 40) g;
    create table shop.archive (id bigint primary key, old boolean)`);
});

const parent = table("shop.parent", {
  key: "id",
  columns: { id: "bigint", code: "integer?", old: "boolean?" },
});
const archive = table("shop.archive", { key: "id", columns: { id: "bigint", old: "boolean?" } });

const dropOld = defineSqlJob({
  name: "drop-old",
  source: rowsOf(parent, { where: sql`old` }),
  sink: deleteFrom(parent),
});

/** A child of more than 1,024 pages whose rows refer to the parent's first rows. */
async function bigChild(more = ""): Promise<void> {
  await database.query(`
    create table shop.child (id bigint primary key, parent_id bigint references shop.parent, pad text);
    insert into shop.child select g, 1 + g % 20, repeat('x', 900) from generate_series(1, 9000) g; ${more}`);
}

const message =
  "shop.child refers to shop.parent by child_parent_id_fkey (parent_id) and has no index that begins with that column: PostgreSQL would scan its";

const each: readonly { readonly what: string; readonly job: Job }[] = [
  { what: "a delete", job: dropOld },
  {
    what: "a delete of a row job",
    job: defineJob({
      name: "drop-rows",
      source: rowsOf(parent),
      transform: (row) => row,
      sink: deleteFrom(parent),
    }),
  },
  {
    what: "a move",
    job: defineSqlJob({
      name: "move-old",
      source: rowsOf(parent, { where: sql`old` }),
      sink: move(parent, insertInto(archive, { id: sql`id`, old: sql`old` })),
    }),
  },
];

test.each(each)(
  "$what out of a table that a large unindexed table refers to is refused, with the index to create (B1)",
  async ({ job }) => {
    await bigChild();
    const refusal = await refusalOf(database.url, job);
    expect(refusal).toMatchObject({
      check: "foreign-keys-have-an-index",
      message: expect.stringContaining(message),
      remedy: "create index concurrently on shop.child (parent_id);",
    });
    await database.query(refusal.remedy);
    expect(await runJob(job, { connectionString: database.url })).toMatchObject({ status: "succeeded" });
  },
);

test("an update of a column that a large table refers to without an index is refused (B1)", async () => {
  await database.query(`
    create table shop.child (id bigint primary key, parent_code integer references shop.parent (code), pad text);
    insert into shop.child select g, 1 + g % 20, repeat('x', 900) from generate_series(1, 9000) g`);
  const recode = defineSqlJob({
    name: "recode",
    source: rowsOf(parent, { where: sql`old` }),
    sink: update(parent, { code: sql`code + 1000` }),
  });
  expect(await refusalOf(database.url, recode)).toMatchObject({
    check: "foreign-keys-have-an-index",
    message: expect.stringContaining("for each changed key of shop.parent"),
    remedy: "create index concurrently on shop.child (parent_code);",
  });
  const note = defineSqlJob({
    name: "note",
    source: rowsOf(parent),
    sink: update(parent, { old: sql`not old` }),
  });
  expect(await runJob(note, { connectionString: database.url })).toMatchObject({ status: "succeeded" });
});

test("a large table reached by on delete cascade needs an index too (B1)", async () => {
  await database.query(`
    create table shop.child (id bigint primary key, parent_id bigint references shop.parent on delete cascade);
    create index on shop.child (parent_id);
    create table shop.grandchild (id bigint, child_id bigint references shop.child, pad text);
    insert into shop.child select g, g from generate_series(1, 20) g;
    insert into shop.grandchild select g, 1 + g % 20, repeat('x', 900) from generate_series(1, 9000) g`);
  const job = defineSqlJob({
    name: "drop-old",
    source: rowsOf(parent, { where: sql`old` }),
    sink: deleteFrom(parent),
    undoable: false,
  });
  expect(await refusalOf(database.url, job)).toMatchObject({
    check: "foreign-keys-have-an-index",
    message: expect.stringContaining(
      "shop.grandchild refers to shop.child by grandchild_child_id_fkey (child_id)",
    ),
  });
});

const served: readonly { readonly what: string; readonly index: string }[] = [
  { what: "an index that begins with the column", index: "create index on shop.child (parent_id, pad)" },
  { what: "a hash index", index: "create index on shop.child using hash (parent_id)" },
  {
    what: "a partial index of all referring rows",
    index: "create index on shop.child (parent_id) where parent_id is not null",
  },
];

test.each(served)("$what serves the foreign key, so nothing is refused (B1)", async ({ index }) => {
  await bigChild(index);
  expect((await planOf(database, dropOld)).refusals).toEqual([]);
});

const useless: readonly { readonly what: string; readonly index: string }[] = [
  { what: "an index that only ends with the column", index: "create index on shop.child (id, parent_id)" },
  { what: "an index of only some rows", index: "create index on shop.child (parent_id) where id > 5" },
  { what: "a brin index", index: "create index on shop.child using brin (parent_id)" },
];

test.each(useless)("$what does not serve the foreign key (B1)", async ({ index }) => {
  await bigChild(index);
  expect((await planOf(database, dropOld)).refusals).toMatchObject([{ check: "foreign-keys-have-an-index" }]);
});

test("a partitioned table that refers to the rows counts with the size of all its partitions (B1)", async () => {
  await database.query(`
    create table shop.child (id bigint, parent_id bigint references shop.parent, pad text) partition by range (id);
    create table shop.child_1 partition of shop.child for values from (0) to (5000);
    create table shop.child_2 partition of shop.child for values from (5000) to (10000);
    insert into shop.child select g, 1 + g % 20, repeat('x', 900) from generate_series(1, 9000) g`);
  const [refusal] = (await planOf(database, dropOld)).refusals;
  expect(refusal).toMatchObject({
    check: "foreign-keys-have-an-index",
    remedy: expect.stringContaining("create index on only shop.child (parent_id);"),
  });
  await database.query("create index on shop.child (parent_id)");
  expect((await planOf(database, dropOld)).refusals).toEqual([]);
});

test("a small table that refers to the rows without an index only causes a warning (B1)", async () => {
  await database.query(`
    create table shop.child (id bigint primary key, parent_id bigint references shop.parent);
    insert into shop.child select g, 1 + g % 20 from generate_series(1, 100) g`);
  const { refusals, warnings } = await planOf(database, dropOld);
  expect(refusals).toEqual([]);
  expect(warnings).toContainEqual(
    expect.objectContaining({
      check: "foreign-keys-have-an-index",
      message: expect.stringContaining(message),
      remedy: "create index concurrently on shop.child (parent_id);",
    }),
  );
  expect(await runJob(dropOld, { connectionString: database.url })).toMatchObject({ rows: { written: 20 } });
});

test("the plan of a delete and its rejects say what to do about referenced rows (18)", async () => {
  await database.query(`
    create table shop.child (id bigint primary key, parent_id bigint references shop.parent);
    create index on shop.child (parent_id);
    insert into shop.child select g, g from generate_series(21, 40) g`);
  const advice = "where not exists (select from shop.child where child.parent_id = parent.id)";
  const { refusals, warnings } = await planOf(database, dropOld);
  expect(refusals).toEqual([]);
  expect(warnings).toContainEqual({
    check: "referred-rows",
    message:
      "shop.child refers to rows of shop.parent by child_parent_id_fkey: PostgreSQL would refuse to delete those, row by row.",
    remedy: `Delete the rows of shop.child first, or exclude the rows that they refer to from the job: ${advice}`,
  });
  const report = await runJob(dropOld, { connectionString: database.url, rejectLimit: 3 });
  const reason = `foreign key violation, constraint child_parent_id_fkey, table child: shop.child refers to this row; delete its rows first, or leave this one out by: ${advice}`;
  expect(report).toMatchObject({
    status: "failed",
    stopReason: "reject-limit",
    message: expect.stringContaining(reason),
  });
  const reasons = await database.query("select distinct reason from tidefill.reject");
  expect(reasons).toEqual([{ reason }]);
});

test("the suggested condition that leaves out referenced rows can be copied into the job unchanged (18)", async () => {
  await database.query(`
    create table shop.child (id bigint primary key, parent_id bigint references shop.parent);
    create index on shop.child (parent_id);
    insert into shop.child select g, g from generate_series(31, 40) g`);
  const job = defineSqlJob({
    name: "drop-old",
    source: rowsOf(parent, {
      where: sql`old and not exists (select from shop.child where child.parent_id = parent.id)`,
    }),
    sink: deleteFrom(parent),
  });
  expect(await runJob(job, { connectionString: database.url })).toMatchObject({
    status: "succeeded",
    rows: { written: 10, rejected: 0 },
  });
});
