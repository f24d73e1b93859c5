import { setTimeout as delay } from "node:timers/promises";
import { defineJob, defineSqlJob, type Job, rowsOf, sql, table, update } from "tidefill";
import { describe, expect, test } from "vitest";
import { useDatabase } from "../support/database.ts";
import { fillCounters, requireSucceeded, setCheckpointPace, setPace } from "./programs/counters.ts";
import { advanceStatement, Following, Proxied } from "./programs/proxied.ts";
import { isLong, Random } from "./programs/random.ts";
import { RunnerProcess } from "./programs/runner-process.ts";
import { terminateOne } from "./programs/terminate.ts";
import { Work } from "./programs/work.ts";

const database = useDatabase();
const proxied = new Proxied(database);

const counters = table("counters", { key: "id", columns: { id: "bigint", n: "integer", code: "text?" } });
const source = rowsOf(counters, { read: ["n"], where: sql`id > 0` });
const count = defineJob({
  name: "count-poison",
  source,
  transform: ({ n }) => ({ n: n + 1 }),
  sink: update(counters, ["n"]),
});
const countBySql = defineSqlJob({
  name: "count-poison",
  source,
  sink: update(counters, { n: sql`slowly(n + 1)` }),
});
const label = defineJob({
  name: "label-poison",
  source,
  // Another row already has this label, so the unique constraint refuses it.
  transform: ({ id, n }) => ({ n: n + 1, code: (id / 7n) % 13n === 5n ? "taken" : `row ${id}` }),
  sink: update(counters, ["n", "code"]),
});

const isPoison = (percent: number): string => `(id / 7 * 7919) % 100 < ${percent}`;
/** The more poison, the fewer rows, so that each mixture takes about as long. */
const rowsFor = (percent: number): number =>
  (isLong ? 10 : 1) * (percent > 20 ? 150 : percent > 5 ? 400 : 1_100);

/** Counters, of which PostgreSQL refuses those that match the condition. */
async function poison(rows: number, condition: string, guard: "check" | "trigger" = "check"): Promise<void> {
  await fillCounters(database, rows);
  await database.query("alter table counters add column code text unique");
  await database.query("insert into counters (id, n, code) values (0, 1, 'taken')");
  if (guard === "check") {
    await database.query(
      `alter table counters add constraint no_poison check (n = 0 or id = 0 or not (${condition}))`,
    );
    return;
  }
  await database.query(`create or replace function refuse() returns trigger language plpgsql as
    'begin raise exception ''poison %'', new.id; end'`);
  await database.query(`create trigger refuse before update on counters for each row
    when (new.id > 0 and ${condition.replaceAll("id", "new.id")}) execute function refuse()`);
}

/**
 * The rejects are exactly the poison rows, and every other row was counted once. Returns the number of poison
 * rows.
 */
async function requireOnlyRejected(condition: string, sqlstate: string): Promise<number> {
  const [judged] = await database.query(`
    select count(*) filter (where ${condition})::integer as poison,
      count(*) filter (where n <> case when ${condition} then 0 else 1 end)::integer as wrong,
      count(*) filter (where (reject.key is not null) <> (${condition}))::integer as misjudged
    from counters
    left join tidefill.reject on reject.key = array[counters.id::text]
    where id > 0`);
  const poison = Number(judged?.poison);
  expect(judged).toEqual({ poison, wrong: 0, misjudged: 0 });
  expect(poison).toBeGreaterThan(0);
  const bySqlstate = "select sqlstate, count(*)::integer as poison from tidefill.reject group by sqlstate";
  expect(await database.query(bySqlstate)).toEqual([{ sqlstate, poison }]);
  const counted = "select sum(rows_rejected)::integer as poison from tidefill.range";
  expect(await database.query(counted)).toEqual([{ poison }]);
  await requireSucceeded(database);
  return poison;
}

async function run(job: Job): Promise<Work> {
  const work = new Work(job, { connectionString: database.url, workers: 3, rejectLimit: 1_000_000 });
  expect(await work.report).toMatchObject({ status: "succeeded" });
  return work;
}

describe.each([1, 7, 40])("with %i poison rows in a hundred", (percent) => {
  test.each([
    ["a row job", "a check constraint", "check", "23514", count],
    ["an SQL job", "a check constraint", "check", "23514", countBySql],
    ["a row job", "a trigger", "trigger", "P0001", count],
    ["an SQL job", "a trigger", "trigger", "P0001", countBySql],
  ] as const)("%s rejects exactly the rows that %s refuses", async (_, __, guard, sqlstate, job) => {
    await poison(rowsFor(percent), isPoison(percent), guard);
    const work = await run(job);
    const found = await requireOnlyRejected(isPoison(percent), sqlstate);
    // Each takes halving from the first batch's 500 rows down to one.
    expect(work.all("batch failed").length).toBeLessThanOrEqual(found * (Math.ceil(Math.log2(500)) + 1));
  });
});

test("a row job rejects exactly the rows that a unique constraint refuses", {
  tags: ["promise"],
}, async () => {
  await poison(650, "false");
  await run(label);
  await requireOnlyRejected("(id / 7) % 13 = 5", "23505");
});

test.each([1, 700, 1_000])("one refused row in 1000 is found at number %i", async (row) => {
  await poison(1_000, `id = ${7 * row}`);
  await run(count);
  expect(await requireOnlyRejected(`id = ${7 * row}`, "23514")).toBe(1);
});

test("processes killed at random moments reject exactly the poison rows", async () => {
  await poison(isLong ? 15_000 : 1_100, isPoison(7));
  const random = new Random("poison and kills");
  const options = { url: database.url, workers: 2, rejectLimit: 1_000_000 } as const;
  const start = (): RunnerProcess => new RunnerProcess(options, 30);
  const first = start();
  await first.tells("row rejected");
  await setCheckpointPace(database, 0.05);
  const runners = [first, start()];
  for (let killed = 0; killed < (isLong ? 100 : 6); killed += 1) {
    await delay(random.between(300, 1_200));
    const which = random.between(0, 1);
    runners[which]!.signal("SIGKILL");
    expect(await runners[which]!.ended).toMatchObject({ signal: "SIGKILL" });
    runners[which] = start();
  }
  for (const runner of runners) runner.signal("SIGKILL");
  await setCheckpointPace(database, 0);
  const last = new RunnerProcess(options);
  expect([await last.ended, last.trouble]).toEqual([{ code: 0, signal: null }, null]);
  await requireOnlyRejected(isPoison(7), "23514");
});

test("a reject whose checkpoint is lost on its way is kept once, and counted once", async () => {
  await poison(700, isPoison(7));
  const work = new Work(count, { connectionString: proxied.url, workers: 1, rejectLimit: 1_000_000 });
  for (let lost = 0; lost < (isLong ? 40 : 5); lost += 1) {
    const match = new Following(
      /^(?:\/\*.*?\*\/)?\s*(?:with changed as \(\s*)?insert into "tidefill"\."reject"/,
      advanceStatement,
    );
    await proxied.strike(work, { match, action: "reset-before" });
  }
  expect(await work.report).toMatchObject({ status: "succeeded" });
  await requireOnlyRejected(isPoison(7), "23514");
});

test("terminated backends make no healthy row a reject", async () => {
  await poison(isLong ? 10_000 : 1_400, isPoison(7));
  await setPace(database, 0.000_5);
  const random = new Random("poison and terminated backends");
  const work = new Work(countBySql, { connectionString: database.url, workers: 3, rejectLimit: 1_000_000 });
  await work.saw("row rejected", 3);
  await setCheckpointPace(database, 0.03);
  for (let done = 0; done < (isLong ? 500 : 30); ) {
    await delay(random.between(0, 50));
    work.failIfOver(`termination ${done}`);
    done += await terminateOne(database);
  }
  await setPace(database, 0);
  await setCheckpointPace(database, 0);
  expect(await work.report).toMatchObject({ status: "succeeded" });
  await requireOnlyRejected(isPoison(7), "23514");
});
