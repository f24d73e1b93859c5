import { defineJob, dryRun, rowsOf, skip, table, update } from "tidefill";
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
