import { setTimeout as delay } from "node:timers/promises";
import { defineJob, defineSqlJob, type Job, rowsOf, sql, table, update } from "tidefill";
import { describe, expect, test } from "vitest";
import { useDatabase } from "../support/database.ts";
import { fillCounters, requireSucceeded } from "./counters.ts";
import { isLong, Random } from "./random.ts";
import { Work } from "./work.ts";

const database = useDatabase();
// The last row is not poison in any of the mixtures; it has a test of its own.
const rows = isLong ? 20_003 : 1_403;

const counters = table("counters", { key: "id", columns: { id: "bigint", n: "integer", code: "text?" } });
const source = rowsOf(counters, { read: ["n"], where: sql`id > 0` });
const count = defineJob({
  name: "count-poison",
  source,
  transform: async ({ n }) => {
    await delay(2);
    return { n: n + 1 };
  },
  sink: update(counters, ["n"]),
});
const countBySql = defineSqlJob({
  name: "count-poison",
  source,
  sink: update(counters, { n: sql`n + 1` }),
});
const label = defineJob({
  name: "label-poison",
  source,
  // The one label that somebody else has is what the unique constraint refuses.
  transform: ({ id, n }) => ({ n: n + 1, code: (id / 7n) % 13n === 5n ? "taken" : `row ${id}` }),
  sink: update(counters, ["n", "code"]),
});

const isPoison = (percent: number): string => `(id / 7 * 7919) % 100 < ${percent}`;

/** Counters of which PostgreSQL refuses those that the condition names. */
async function poison(condition: string, guard: "check" | "trigger"): Promise<void> {
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

/** The rejects are the poison and nothing else, and every other row was counted once. */
async function requireOnlyRejected(condition: string, sqlstate: string): Promise<void> {
  expect(
    await database.query(`
      select count(*)::integer as rows,
        count(*) filter (where n <> case when ${condition} then 0 else 1 end)::integer as wrong,
        count(*) filter (where (reject.key is not null) <> (${condition}))::integer as misjudged
      from counters
      left join tidefill.reject on reject.key = array[counters.id::text]
      where id > 0`),
  ).toEqual([{ rows, wrong: 0, misjudged: 0 }]);
  const [found] = await database.query(
    `select count(*)::integer as poison from counters where id > 0 and ${condition}`,
  );
  expect(
    await database.query(
      "select sqlstate, count(*)::integer as poison from tidefill.reject group by sqlstate",
    ),
  ).toEqual([{ sqlstate, ...found }]);
  expect(await database.query("select sum(rows_rejected)::integer as poison from tidefill.range")).toEqual([
    found,
  ]);
  await requireSucceeded(database);
}

async function run(job: Job): Promise<Work> {
  const work = new Work(job, { connectionString: database.url, workers: 3, rejectLimit: rows });
  expect(await work.report).toMatchObject({ status: "succeeded" });
  return work;
}

describe.each([1, 7, 40])("of %i poison rows in a hundred", (percent) => {
  test.each([
    ["a row job", "a check constraint", "check", "23514", count],
    ["an SQL job", "a check constraint", "check", "23514", countBySql],
    ["a row job", "a trigger", "trigger", "P0001", count],
    ["an SQL job", "a trigger", "trigger", "P0001", countBySql],
  ] as const)("%s rejects exactly those that %s refuses", async (_, __, guard, sqlstate, job) => {
    await poison(isPoison(percent), guard);
    const work = await run(job);
    console.info(`${percent} % poison: ${work.all("batch failed").length} attempts for ${rows} rows`);
    await requireOnlyRejected(isPoison(percent), sqlstate);
  });
});

test("a row job rejects exactly the rows that a unique constraint refuses", async () => {
  await poison("false", "check");
  await run(label);
  await requireOnlyRejected("(id / 7) % 13 = 5", "23505");
});

// RangeWork.#passOver: BatchCommitter.reject compares the open end of the range with the row's key, and never finds them equal.
test.fails("a poison row that is the last of its table is rejected like any other", {
  timeout: 10_000,
}, async () => {
  await poison(`id = ${7 * rows}`, "check");
  await run(count);
  await requireOnlyRejected(`id = ${7 * rows}`, "23514");
});

test("poison is found once, and only poison, although backends are terminated all the while", async () => {
  await poison(isPoison(7), "check");
  const random = new Random("poison under fire");
  const work = new Work(count, { connectionString: database.url, workers: 3, rejectLimit: rows });
  await work.saw("row rejected", 3);
  for (let done = 0; done < (isLong ? 500 : 40); ) {
    await delay(random.between(0, 50));
    work.failIfOver(`termination ${done}`);
    const ended = await database.query(`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and application_name like 'tidefill%' order by random() limit 1`);
    done += ended.length;
  }
  expect(await work.report).toMatchObject({ status: "succeeded" });
  await requireOnlyRejected(isPoison(7), "23514");
});
