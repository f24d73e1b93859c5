import {
  defineJob,
  type Job,
  type RunReport,
  reject,
  rowsOf,
  runJob,
  skip,
  sql,
  table,
  update,
} from "tidefill";
import { beforeEach, expect, test } from "vitest";
import { useDatabase } from "../../support/database.ts";
import { emptyStore } from "../../support/empty-store.ts";

const database = useDatabase();
const labels = table("labels", { key: "id", columns: { id: "bigint", label: "text?" } });

beforeEach(async () => {
  await database.query(`
    ${emptyStore};
    drop table if exists labels;
    create table labels (id bigint primary key, label text);
    insert into labels select generate_series(1, 20)`);
});

async function run(job: Job): Promise<RunReport> {
  return runJob(job, {
    connectionString: database.url,
    again: true,
    workers: 1,
    signal: AbortSignal.timeout(100_000),
  });
}

test("a column that the sink does not write is a reject of its row, and the reason names it", async () => {
  const job = defineJob({
    name: "strange",
    source: rowsOf(labels),
    transform: ({ id }) => (id === 5n ? { label: "new", lable: "x" } : { label: "new" }),
    sink: update(labels, ["label"]),
  });
  expect(await run(job)).toMatchObject({ status: "succeeded", rows: { rejected: 1 } });
  expect(await database.query("select key, reason from tidefill.reject")).toEqual([
    {
      key: ["5"],
      reason: 'the transform returned "lable", which the sink does not write; the sink writes label',
    },
  ]);
  expect(await database.query("select count(*)::integer from labels where label is null")).toEqual([
    { count: 1 },
  ]);
});

test.each([
  ["null", null],
  ["undefined", undefined],
  ["an array", []],
  ["a text", "done"],
])("a transform that returns %s rejects the row", async (_, answer) => {
  const job = defineJob({
    name: "nonsense",
    source: rowsOf(labels),
    transform: (row) => (row.id === 5n ? (answer as never) : { label: "new" }),
    sink: update(labels, ["label"]),
  });
  expect(await run(job)).toMatchObject({ status: "succeeded", rows: { read: 20, written: 19, rejected: 1 } });
});

test.each(["at once", "later"])(
  "rows that a transform skips, rejects or throws at %s are counted separately",
  async (when) => {
    const answer = (id: bigint): { label: string } | ReturnType<typeof skip> => {
      if (id % 4n === 0n) return skip();
      if (id % 4n === 1n) return reject("of no use");
      if (id === 2n) throw new Error("broken\u0000 text");
      return { label: "new" };
    };
    const job = defineJob({
      name: "verdicts",
      source: rowsOf(labels, { where: sql`id < 20` }),
      transform: when === "later" ? async (row) => answer(row.id) : (row) => answer(row.id),
      sink: update(labels, ["label"]),
    });
    expect(await run(job)).toMatchObject({
      rows: { read: 19, written: 9, skipped: 4, rejected: 6, unchanged: 0 },
    });
    const kept = await database.query("select key[1]::integer as id from tidefill.reject order by 1");
    expect(kept.map((row) => row.id)).toEqual([1, 2, 5, 9, 13, 17]);
    expect(await database.query("select count(*)::integer from labels where label = 'new'")).toEqual([
      { count: 9 },
    ]);
  },
);

test("an Error that a transform returns is a reject like one that it throws", async () => {
  const job = defineJob({
    name: "errors",
    source: rowsOf(labels),
    transform: (row) => (row.id === 5n ? (new Error("of no use") as never) : { label: "new" }),
    sink: update(labels, ["label"]),
  });
  expect((await run(job)).rows).toMatchObject({ written: 19, rejected: 1 });
});

test("a run stops when it exceeds its reject limit, and keeps the rejects", async () => {
  const job = defineJob({
    name: "limited",
    source: rowsOf(labels),
    transform: (row) => (row.id > 15n ? reject("late") : { label: "new" }),
    sink: update(labels, ["label"]),
    rejectLimit: 4,
  });
  expect(await run(job)).toMatchObject({
    status: "failed",
    stopReason: "reject-limit",
    rows: { written: 15, rejected: 5 },
  });
});

test("exactly as many rejects as the limit allows do not stop a run", async () => {
  const job = defineJob({
    name: "limited",
    source: rowsOf(labels),
    transform: (row) => (row.id > 15n ? reject("late") : { label: "new" }),
    sink: update(labels, ["label"]),
    rejectLimit: 5,
  });
  expect(await run(job)).toMatchObject({ status: "succeeded", rows: { written: 15, rejected: 5 } });
});

test.each(["100%", "50%"] as const)(
  "a limit of %s counts all rows read, including the current batch's",
  async (rejectLimit) => {
    await database.query("insert into labels select generate_series(21, 4000)");
    const job = defineJob({
      name: "shares",
      source: rowsOf(labels),
      // Batches grow, so that the newest one holds more rows than all before it.
      transform: (row) => (rejectLimit === "100%" || row.id % 5n < 2n ? reject("odd") : { label: "new" }),
      sink: update(labels, ["label"]),
      rejectLimit,
    });
    expect(await run(job)).toMatchObject({ status: "succeeded", rows: { read: 4_000 } });
  },
);

test("a row job that skips pending rows ends, and counts each row once", async () => {
  const job = defineJob({
    name: "skips",
    source: rowsOf(labels, { pending: sql`label is null` }),
    transform: (row) => (row.id % 2n === 0n ? skip() : row.id === 7n ? reject("odd") : { label: "new" }),
    sink: update(labels, ["label"]),
  });
  expect(await run(job)).toMatchObject({
    status: "succeeded",
    rows: { read: 20, written: 9, skipped: 10, rejected: 1, unchanged: 0 },
  });
});

test("poison rows are rejected wherever they lie in a range, also at its end", {
  tags: ["promise"],
}, async () => {
  await database.query(`
    insert into labels select generate_series(21, 3000);
    alter table labels add check (id not in (1, 2, 500, 501, 1777, 2999, 3000) or label is null)`);
  const job = defineJob({
    name: "poison",
    source: rowsOf(labels),
    transform: () => ({ label: "new" }),
    sink: update(labels, ["label"]),
  });
  expect(await run(job)).toMatchObject({
    status: "succeeded",
    rows: { read: 3_000, written: 2_993, rejected: 7 },
  });
  const kept = await database.query("select key[1]::integer as id, sqlstate from tidefill.reject order by 1");
  expect(kept).toEqual([1, 2, 500, 501, 1777, 2999, 3000].map((id) => ({ id, sqlstate: "23514" })));
});
