import { addColumn, defineJob, dryRun, insertInto, rowsOf, skip, table, update } from "tidefill";
import { beforeEach, expect, test } from "vitest";
import { useDatabase } from "../../support/database.ts";
import { freshSchemas } from "../../support/fresh-schemas.ts";

const database = useDatabase();
const things = table("things", { key: "id", columns: { id: "bigint", b: "integer?" } });

beforeEach(async () => {
  await freshSchemas(
    database,
    `
    create table things (id bigint primary key, b integer);
    insert into things select g, 0 from generate_series(1, 500) g;
    create function nothing() returns trigger language plpgsql as $$ begin return new; end $$;
    create trigger counted before update on things for each row execute function nothing();
    create table copies (id bigint primary key, b integer, note text);
    alter table things add note text default 'as it was';
    analyze things`,
  );
});

test.each([1, 101, 320])(
  "a dry run says over how many rows it has measured triggers and WAL, with the first written row at %i",
  async (first) => {
    const job = defineJob({
      name: "from-there-on",
      source: rowsOf(things, { read: ["id"] }),
      transform: ({ id }) => (id < BigInt(first) ? skip() : { b: 1 }),
      sink: update(things, ["b"]),
    });
    const report = await dryRun(job, { connectionString: database.url });
    expect(report.rows).toMatchObject({ read: 500, written: 501 - first });
    expect(report.measuredRows).toBeGreaterThan(0);
    expect(report.triggers).toEqual([{ name: "counted", calls: report.measuredRows }]);
    expect(report.walBytesPerRow).toBeGreaterThan(0);
    expect(report.samples[0]).toMatchObject({ before: { b: "0" }, after: { b: "1" } });
  },
);

const whole = table("things", { key: "id", columns: { id: "bigint", b: "integer?", note: "text?" } });
const copies = table("copies", { key: "id", columns: { id: "bigint", b: "integer?", note: "text?" } });

test.each([
  ["id and note", (b: number | null) => (b ?? 0) + 1, ["id", "note"]],
  ["all but b of one row", (b: number | null, id: bigint) => (id === 400n ? 7 : b), ["id", "note"]],
  ["all columns", (b: number | null) => b, ["id", "b", "note"]],
])("a dry run of a copy names the columns that it could keep: %s", async (_, change, couldKeep) => {
  const job = defineJob({
    name: "copy",
    source: rowsOf(whole, { read: ["b", "note"] }),
    transform: async ({ id, b, note }) => ({ id, b: change(b, id), note }),
    sink: insertInto(copies, ["id", "b", "note"]),
  });
  expect(await dryRun(job, { connectionString: database.url })).toMatchObject({ couldKeep });
});

test("a dry run names no column where each row becomes several, and none of an update", async () => {
  const several = defineJob({
    name: "several",
    source: rowsOf(whole, { read: ["b", "note"] }),
    transform: ({ id, b, note }) => [
      { id, b, note },
      { id: id + 1_000n, b, note },
    ],
    sink: insertInto(copies, ["id", "b", "note"]),
  });
  const same = defineJob({
    name: "same",
    source: rowsOf(whole, { read: ["b"] }),
    transform: ({ b }) => ({ b }),
    sink: update(whole, ["b"]),
  });
  for (const job of [several, same])
    expect(await dryRun(job, { connectionString: database.url })).toMatchObject({ couldKeep: [] });
});

const worded = table("things", {
  key: "id",
  columns: { id: "bigint", b: "integer?", words: "integer?" },
});

test("a dry run of a job whose expand steps are not done is refused and names them", async () => {
  const job = defineJob({
    name: "expanded",
    expand: [addColumn("things", "words", "integer")],
    source: rowsOf(worded, { read: ["b"] }),
    transform: ({ b }) => ({ words: b }),
    sink: update(worded, ["words"]),
  });
  await expect(dryRun(job, { connectionString: database.url })).rejects.toMatchObject({
    check: "expand-steps-are-done",
    message: expect.stringContaining("add column things.words"),
  });
});
