import { defineJob, type Job, reject, resumeRun, rowsOf, runJob, sql, table, update } from "tidefill";
import { beforeEach, expect, test } from "vitest";
import { useDatabase } from "../../support/database.ts";
import { freshSchemas } from "../../support/fresh-schemas.ts";

const database = useDatabase();
const things = table("things", { key: "id", columns: { id: "bigint", n: "integer" } });

beforeEach(() =>
  freshSchemas(
    database,
    `create table things (id bigint primary key, n integer not null default 0);
    insert into things select g from generate_series(1, 3000) g; analyze things`,
  ),
);

/** Adds one to each row, but for those that `isBad`. */
function addOne(isBad: (id: bigint) => boolean): Job {
  return defineJob({
    name: "add-one",
    source: rowsOf(things, { read: ["n"], where: sql`true` }),
    transform: ({ id, n }) => (isBad(id) ? reject("bad") : { n: n + 1 }),
    sink: update(things, ["n"]),
    rejectLimit: 10,
  });
}

const resume = (job: Job) =>
  resumeRun(job, "1", { connectionString: database.url, workers: 1, acceptChanges: true });

test.each([
  ["stopped in the middle", (id: bigint) => id > 500n && id <= 520n, 20],
  ["were known only at the end", (id: bigint) => id > 2980n, 20],
])("a mended job that is resumed does the rows that were rejected: those that %s", async (_, isBad) => {
  const first = await runJob(addOne(isBad), { connectionString: database.url, workers: 1 });
  expect(first).toMatchObject({ status: "failed", stopReason: "reject-limit" });
  let last = await resume(addOne(() => false));
  // Where rows were left, they come first.
  if (last.status === "failed") last = await resume(addOne(() => false));
  expect(last).toMatchObject({ status: "succeeded", rows: { written: 3000, rejected: 0 } });
  expect(await database.query("select min(n), max(n) from things")).toEqual([{ min: 1, max: 1 }]);
});

test("a job that was not mended fails again, and rejects no row twice", async () => {
  await runJob(
    addOne((id) => id > 2980n),
    { connectionString: database.url, workers: 1 },
  );
  const last = await resume(addOne((id) => id > 2980n));
  expect(last).toMatchObject({ status: "failed", stopReason: "reject-limit" });
  expect(await database.query("select count(*)::integer as n from tidefill.reject")).toEqual([{ n: 20 }]);
});

test("a row that was locked until a run failed is done by its resume", async () => {
  const job = { ...addOne(() => false), rejectLimit: 0 } as Job;
  const holder = await database.pool.connect();
  try {
    await holder.query("begin; update things set n = n where id = 2999");
    const first = await runJob(job, { connectionString: database.url, workers: 1 });
    expect(first).toMatchObject({ status: "failed", rows: { written: 2999, rejected: 1 } });
  } finally {
    await holder.query("rollback");
    holder.release();
  }
  const last = await resume(job);
  expect(last).toMatchObject({ status: "succeeded", rows: { written: 3000, rejected: 0 } });
  expect(await database.query("select min(n), max(n) from things")).toEqual([{ min: 1, max: 1 }]);
});
