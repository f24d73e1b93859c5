import {
  addColumn,
  createIndex,
  defineSqlJob,
  defineSteps,
  type Job,
  rowsOf,
  runJob,
  sql,
  sqlStep,
  table,
  undoJob,
  undoRun,
  update,
} from "tidefill";
import { beforeEach, expect, test } from "vitest";
import { requestStop } from "../../../src/engine/control/request-stop.ts";
import { withSession } from "../../../src/store/session.ts";
import { useDatabase } from "../../support/database.ts";
import { emptyStore } from "../../support/empty-store.ts";

const database = useDatabase();
const options = {
  get connectionString() {
    return database.url;
  },
};
const things = table("things", { key: "id", columns: { id: "bigint", n: "integer" } });
const increment = (more: object = {}): Job =>
  defineSqlJob({
    name: "increment",
    source: rowsOf(things),
    sink: update(things, { n: sql`n + 1` }),
    ...more,
  });

beforeEach(async () => {
  await database.query(`${emptyStore}; drop table if exists things`);
  await database.query("create table things (id bigint primary key, n integer not null)");
  await database.query("insert into things select g, 0 from generate_series(1, 20000) g; analyze things");
});

async function values(): Promise<readonly unknown[]> {
  return (await database.query("select distinct n from things order by n")).map(({ n }) => n);
}

/** Stops after its first batch. */
async function stopped(work: (more: object) => Promise<{ readonly status: string }>): Promise<void> {
  const controller = new AbortController();
  const onEvent = ({ type }: { readonly type: string }) => type === "batch committed" && controller.abort();
  const report = await work({ ...options, workers: 1, signal: controller.signal, onEvent });
  expect(report.status).toBe("interrupted");
  expect(await values()).toEqual([0, 1]);
}

test.each([
  ["the run", async () => undoRun("1", options)],
  ["the job", async () => undoRun("increment", options)],
  ["the job with all that it has", async () => undoJob(increment(), options)],
])("an interrupted undo goes on when the command is typed again: of %s", async (_, again) => {
  await runJob(increment(), options);
  await stopped((more) => undoRun("1", more));
  expect(await again()).toMatchObject({ run: 2, status: "succeeded" });
  expect(await values()).toEqual([0]);
  expect(await undoJob(increment(), options)).toBeNull();
});

test("an undo stops where a column has another type since, and the log is kept", async () => {
  await runJob(increment(), options);
  await database.query("alter table things alter n type timestamptz using to_timestamp(n)");
  expect(await undoRun("1", options)).toMatchObject({ status: "failed", rows: { written: 0 } });
  await database.query("alter table things alter n type integer using extract(epoch from n)");
  expect(await undoRun("1", options)).toMatchObject({ status: "succeeded" });
  expect(await values()).toEqual([0]);
});

test("undoing a job also takes back what its cancelled run has written", async () => {
  await stopped((more) => runJob(increment(), more));
  await withSession("cancel", options, 5, (session) => requestStop(session, "1", "cancelled"));
  await undoJob(increment(), options);
  expect(await values()).toEqual([0]);
});

const withoutUndo = sqlStep({ name: "no undo", up: sql`select 1`, down: null });
test.each<readonly [string, object, object]>([
  ["an expand step without an undo", { expand: [withoutUndo] }, { expand: [withoutUndo] }],
  ["a contract step without an undo", { contract: [withoutUndo] }, { contract: [withoutUndo] }],
  ["a step that is no longer in the file", { expand: [addColumn("things", "m", "integer")] }, {}],
  [
    "a contract step that is no longer in the file",
    { contract: [createIndex("things_n", { on: "things", by: sql`n` })] },
    {},
  ],
])("%s refuses the undo of a job before its first row", async (_, was, now) => {
  await database.query("update things set n = 1");
  const pending = rowsOf(things, { pending: sql`n <> 7` });
  const seven = (more: object) =>
    increment({ source: pending, sink: update(things, { n: sql`7` }), ...more });
  await runJob(seven(was), options);
  await expect(undoJob(seven(now), options)).rejects.toMatchObject({ check: "steps-can-be-undone" });
  expect(await values()).toEqual([7]);
  expect(await database.query("select from tidefill.run where kind = 'undo'")).toEqual([]);
});

test("an undo that does not fit the table is refused before it begins, and can be typed again", async () => {
  await runJob(increment(), options);
  await database.query("alter table things rename n to m");
  await expect(undoRun("1", options)).rejects.toMatchObject({ check: "undo-fits-the-table" });
  await database.query("alter table things rename m to n");
  expect(await undoRun("1", options)).toMatchObject({ run: 2, status: "succeeded" });
  expect(await values()).toEqual([0]);
});

test("a step of a job of steps alone that is no longer in the file refuses their undo", async () => {
  const [a, b] = [addColumn("things", "a", "integer"), addColumn("things", "b", "integer")];
  await runJob(defineSteps({ name: "steps", expand: [a, b] }), options);
  const one = defineSteps({ name: "steps", expand: [b] });
  await expect(undoJob(one, options)).rejects.toMatchObject({ check: "steps-can-be-undone" });
  await expect(undoRun("1", { ...options, job: one })).rejects.toMatchObject({
    check: "steps-can-be-undone",
  });
  expect(await database.query("select a, b from things limit 1")).toEqual([{ a: null, b: null }]);
});
