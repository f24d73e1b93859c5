import { resumeRun, runJob, undoRun } from "tidefill";
import { beforeEach, expect, test } from "vitest";
import { useDatabase } from "../../support/database.ts";
import { freshSchemas } from "../../support/fresh-schemas.ts";
import { until } from "../../support/until.ts";
import { cases, setup } from "./swallowed-cases.ts";

const database = useDatabase();
const options = () => ({ connectionString: database.url, workers: 2 });

beforeEach(async () => freshSchemas(database, setup));

/**
 * Waits until the run after run `after` has done part of its rows, then makes a trigger swallow every second
 * write.
 */
async function comeBetween(verb: string, on: string, after = 0): Promise<void> {
  await until(
    async () => {
      const [store] = await database.query("select to_regclass('tidefill.range') as range");
      if (store?.range === null) return false;
      const [done] = await database.query(
        "select sum(rows_written)::integer as rows from tidefill.range where run_id > $1",
        [after],
      );
      return Number(done?.rows) > 0;
    },
    { describe: "a part of the rows" },
  );
  await database.query(`create trigger hold before ${verb} on ${on} for each row execute function hold()`);
}

async function listed(run: number): Promise<number> {
  return (await database.query("select from tidefill.reject where run_id = $1 and sqlstate = '09000'", [run]))
    .length;
}

test.for(Object.entries(cases))(
  "%s: writes that a trigger created during the run swallows are reported, and done once it is gone (A1)",
  async ([, { verb, on, job, done }]) => {
    const slowly = { ...job, pace: { rowsPerSecond: 250 } };
    const [first] = await Promise.all([runJob(slowly, options()), comeBetween(verb, on)]);
    expect(first).toMatchObject({ status: "failed", stopReason: "swallowed", rows: { rejected: 0 } });
    const { written, swallowed } = first.rows;
    expect(swallowed).toBeGreaterThan(0);
    expect(written + swallowed).toBe(1000);
    expect(await listed(first.run)).toBe(swallowed);
    await database.query("drop function hold() cascade");
    const second = await resumeRun(job, "w", options());
    expect(second).toMatchObject({ status: "succeeded", rows: { written: 1000, swallowed: 0 } });
    expect((await database.query(`select ${done} as done`))[0]).toEqual({ done: true });
  },
);

test("writes that a trigger created during an undo swallows are reported, and done once it is gone (a)", async () => {
  const { run } = await runJob(cases["an SQL job updates"]!.job, options());
  await database.query(`
    create function slow() returns trigger language plpgsql as 'begin perform pg_sleep(0.01); return null; end';
    create trigger slow after update on things for each row execute function slow()`);
  const [first] = await Promise.all([
    undoRun(String(run), { ...options(), workers: 1 }),
    comeBetween("update", "things", run),
  ]);
  expect(first).toMatchObject({ status: "failed", stopReason: "swallowed", rows: { conflicted: 0 } });
  expect(await listed(first.run)).toBe(first.rows.swallowed);
  await database.query("drop function hold() cascade; drop function slow() cascade");
  expect(await resumeRun(null, String(first.run), options())).toMatchObject({ status: "succeeded" });
  expect((await database.query("select count(n)::integer as rows from things"))[0]).toEqual({ rows: 0 });
});
