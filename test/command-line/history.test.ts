import { afterAll, beforeAll, expect, test } from "vitest";
import { useDatabase } from "../support/database.ts";
import type { CommandLine } from "../support/tidefill.ts";
import { fillCounters, openCommandLine } from "./fixtures.ts";

const database = useDatabase();
let tidefill: CommandLine;

beforeAll(async () => {
  tidefill = await openCommandLine(database);
  await fillCounters(database, 2_000);
});
afterAll(() => tidefill.close());

test("a run leaves samples of how it went, which `status --history` shows and a purge removes", async () => {
  expect((await tidefill.run("run", "increment")).code).toBe(0);
  const kept = await database.query(
    "select rows::integer, level > 0 as has_level, read_seconds is not null as has_phases from tidefill.run_sample order by at",
  );
  expect(kept.length).toBeGreaterThanOrEqual(2);
  // A busy machine slows its runs down.
  expect(kept.at(-1)).toEqual({ rows: 2_000, has_level: true, has_phases: true });
  const shown = await tidefill.run("status", "increment", "--history");
  expect(shown.stdout).toMatch(
    /^increment, run 1: succeeded\nFROM \(UTC\) +FOR +ROWS +ROWS\/S +PACE +LAG +WAL\/S +WHY\n20\d\d-\d\d-\d\d \d\d:/,
  );
  const read = JSON.parse((await tidefill.run("status", "1", "--history", "--json")).stdout);
  expect(read).toMatchObject({ run: 1, job: "increment", samples: expect.any(Array) });
  expect(read.samples).toHaveLength(kept.length);
  expect((await tidefill.run("run", "increment", "--again")).code).toBe(0);
  await database.query("update tidefill.run set finished_at = now() - interval '400 days'");
  expect((await tidefill.run("purge", "--yes")).code).toBe(0);
  // The newest run of a job keeps its row, and so its curve.
  expect(await database.query("select distinct run_id::integer as run from tidefill.run_sample")).toEqual([
    { run: 2 },
  ]);
});

test("times without a process are told exactly, also in a long history, and a held run is not one of them", async () => {
  await fillCounters(database, 10);
  await tidefill.run("run", "increment");
  await database.query("delete from tidefill.run_sample");
  // Nine hours outside of its window, in which the seconds at work do not grow; then paused for a minute; then an hour.
  await database.query(`
    insert into tidefill.run_sample (run_id, at, rows, seconds, rows_per_second, workers, level, reason, is_last)
    select 1, timestamptz '2026-11-30 00:00Z' + g * interval '10 s', 0, 0, 0, 4, 0, 'held: the window is closed', g = 3240
    from generate_series(1, 3240) g
    union all
    select 1, timestamptz '2026-11-30 09:01:00Z' + g * interval '10 s', g * 100, g * 10, 10, 4, 1, null, false
    from generate_series(1, 360) g`);
  const read = JSON.parse((await tidefill.run("status", "1", "--history", "--json")).stdout);
  const away = read.periods.filter(({ level }: { readonly level: number | null }) => level === null);
  expect(away).toEqual([
    expect.objectContaining({ from: "2026-11-30T09:00:00.000Z", to: "2026-11-30T09:01:10.000Z" }),
  ]);
  expect(read.periods[0]).toMatchObject({ reason: "held: the window is closed", level: 0 });
});

test("the history of no run in particular is refused", async () => {
  expect(await tidefill.run("status", "--history")).toMatchObject({ code: 2 });
  expect((await tidefill.run("status", "1", "--history", "--watch")).code).toBe(2);
});

test("samples of a long run become fewer, with the lowest level of each group and its reason", async () => {
  await fillCounters(database, 10);
  await tidefill.run("run", "increment");
  await database.query(`
    insert into tidefill.run_sample (run_id, at, rows, seconds, rows_per_second, workers, level, reason)
    select 1, now() + g * interval '10 s', g * 10, g * 10, 1, 4,
      case when g = 5000 then 0 else 1 end, case when g = 5000 then 'held: wal' end
    from generate_series(1, 10000) g`);
  const read = JSON.parse((await tidefill.run("status", "1", "--history", "--json")).stdout);
  expect(read.samples).toHaveLength(2_000);
  expect(
    read.samples.filter(
      ({ reason, level }: { readonly reason: string | null; readonly level: number }) =>
        reason === "held: wal" && level === 0,
    ),
  ).toHaveLength(1);
  expect(read.samples.at(-1).rows).toBe(100_000);
});
