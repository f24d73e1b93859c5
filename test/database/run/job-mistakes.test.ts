import {
  defineJob,
  defineSqlJob,
  type Job,
  RefusedError,
  resumeRun,
  rowsOf,
  runJob,
  sql,
  table,
  UsageError,
  update,
} from "tidefill";
import { beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { useDatabase } from "../../support/database.ts";
import { refusalOf } from "../plan/refusals.ts";

const database = useDatabase();

beforeEach(async () => {
  await database.query(`
    drop schema if exists tidefill cascade;
    drop table if exists things, lookup;
    drop type if exists mood;
    create type mood as enum ('awe', 'joy');
    create table things (id bigint primary key, n integer not null default 0, m integer, mood mood);
    insert into things (id) select generate_series(1, 100)`);
});

const things = table("things", {
  key: "id",
  columns: { id: "bigint", n: "integer", m: "integer?", mood: "text?" },
});
const others = table("others", { key: "id", columns: { id: "bigint", n: "integer" } });
const next = update(things, { n: sql`n + 1` });

async function nothingWasRun(): Promise<void> {
  expect(await database.query("select to_regclass('tidefill.run') as run")).toEqual([{ run: null }]);
}

async function run(job: Job) {
  return runJob(job, { connectionString: database.url, again: true, signal: AbortSignal.timeout(100_000) });
}

const mistakes: readonly (readonly [what: string, job: Job, message: RegExp])[] = [
  [
    "`where`",
    defineSqlJob({ name: "mistake", source: rowsOf(things, { where: sql`n = = 1` }), sink: next }),
    /syntax error at or near "="/,
  ],
  [
    "`pending`",
    defineSqlJob({ name: "mistake", source: rowsOf(things, { pending: sql`nn is null` }), sink: next }),
    /column "nn" does not exist/,
  ],
  [
    "a condition of the wrong type",
    defineSqlJob({ name: "mistake", source: rowsOf(things, { where: sql`n` }), sink: next }),
    /must be type boolean/,
  ],
];

test.each(mistakes)(
  "a mistake in the SQL of %s is refused with PostgreSQL's words",
  async (_, job, message) => {
    expect(await refusalOf(database.url, job)).toEqual({
      check: "sql-is-valid",
      message: expect.stringMatching(message),
      remedy: expect.stringContaining("`where`, `pending`"),
    });
    await nothingWasRun();
  },
);

const unrefused: readonly (readonly [what: string, job: Job])[] = [
  [
    "an expression",
    defineSqlJob({ name: "mistake", source: rowsOf(things), sink: update(things, { n: sql`nope + 1` }) }),
  ],
  [
    "an expression's type",
    defineSqlJob({ name: "mistake", source: rowsOf(things), sink: update(things, { n: sql`now()` }) }),
  ],
  [
    "a literal that its type rejects",
    defineSqlJob({ name: "mistake", source: rowsOf(things, { where: sql`mood = 'jov'` }), sink: next }),
  ],
  [
    "a constant",
    defineSqlJob({ name: "mistake", source: rowsOf(things, { where: sql`n = 1 / 0` }), sink: next }),
  ],
];

test.each(unrefused)("a mistake in %s is refused before the run", async (_, job) => {
  expect((await refusalOf(database.url, job)).check).toBe("sql-is-valid");
});

test("a condition may end in a comment", async () => {
  const job = defineSqlJob({
    name: "comment",
    source: rowsOf(things, { where: sql`id > 50 -- the new ones` }),
    sink: next,
  });
  expect(await run(job)).toMatchObject({ rows: { written: 50 } });
});

test("a condition of several alternatives is treated as one condition", async () => {
  const source = rowsOf(things, { where: sql`id = 1 or id = 2`, pending: sql`n = 0 or n = 7` });
  expect(await run(defineSqlJob({ name: "either", source, sink: next }))).toMatchObject({
    rows: { read: 2, written: 2 },
  });
  expect(await database.query("select sum(n)::integer from things")).toEqual([{ sum: 2 }]);
});

test("an SQL job that writes a column of its own `where` counts what it read", async () => {
  const job = defineSqlJob({ name: "counts", source: rowsOf(things, { where: sql`n = 0` }), sink: next });
  expect(await run(job)).toMatchObject({ rows: { read: 100, written: 100, unchanged: 0 } });
});

test.each(["row job", "sql job"])(
  "a %s whose `pending` stays true is stopped before it commits",
  { tags: ["promise"] },
  async (kind) => {
    const source = rowsOf(things, { pending: sql`m is null` });
    const job =
      kind === "sql job"
        ? defineSqlJob({ name: "for-ever", source, sink: next })
        : defineJob({
            name: "for-ever",
            source,
            transform: ({ n }) => ({ n: n + 1 }),
            sink: update(things, ["n"]),
          });
    expect(await run(job)).toMatchObject({
      status: "failed",
      stopReason: "error",
      message: expect.stringMatching(/`pending` is still true for 100 rows.*must become false/s),
      rows: { written: 0 },
    });
    expect(await database.query("select max(n) from things")).toEqual([{ max: 0 }]);
  },
);

test("a condition that scans a large table for each row is refused, and an index mends it", async () => {
  await database.query(`
    create table lookup (thing bigint, filler text);
    insert into lookup select g, repeat('x', 200) from generate_series(1, 40000) g;
    analyze lookup`);
  const pending = sql`m is null and exists (select from lookup where lookup.thing = things.id)`;
  const job = defineSqlJob({
    name: "lookup",
    source: rowsOf(things, { pending }),
    sink: update(things, { m: sql`1` }),
  });
  expect(await refusalOf(database.url, job)).toEqual({
    check: "reads-by-an-index",
    message: expect.stringMatching(/sequential scan of lookup, a table of \d{4} pages/),
    remedy: expect.stringContaining("Create an index"),
  });
  await nothingWasRun();
  await database.query("create index on lookup (thing)");
  expect(await run(job)).toMatchObject({ status: "succeeded", rows: { written: 100 } });
});

const misuses: readonly (readonly [what: string, job: Job, message: RegExp])[] = [
  [
    "an update of another table",
    defineJob({
      name: "misuse",
      source: rowsOf(things),
      transform: () => ({ n: 1 }),
      sink: update(others, ["n"]),
    }),
    /reads things and changes others/,
  ],
  [
    "expressions in a row job",
    defineJob({ name: "misuse", source: rowsOf(things), transform: () => ({ n: 1 }), sink: next }),
    /does not fit a row job/,
  ],
  [
    "named columns in an SQL job",
    defineSqlJob({ name: "misuse", source: rowsOf(things), sink: update(things, ["n"]) as never }),
    /does not fit a sql job/,
  ],
  [
    "a self-made source",
    defineSqlJob({ name: "misuse", source: { describe: () => null }, sink: next }),
    /source of job misuse is not one that tidefill made/,
  ],
  [
    "a self-made sink",
    defineSqlJob({ name: "misuse", source: rowsOf(things), sink: { expressions: {}, describe: () => null } }),
    /sink of job misuse is not one/,
  ],
];

test.each(misuses)("%s is refused, and starts nothing", async (_, job, message) => {
  await expect(run(job)).rejects.toThrow(UsageError);
  await expect(run(job)).rejects.toThrow(message);
  await nothingWasRun();
});

test.each([0, -1, 1.5, 65, Number.NaN])("%s workers are refused, and start nothing", async (workers) => {
  const job = defineSqlJob({ name: "workers", source: rowsOf(things), sink: next });
  await expect(runJob(job, { connectionString: database.url, workers })).rejects.toThrow(/number of workers/);
  await nothingWasRun();
});

test.each(["0ms", "1ms"] as const)("a lease of %s is refused, and starts nothing", async (lease) => {
  const job = defineSqlJob({ name: "lease", source: rowsOf(things), sink: next });
  await expect(runJob(job, { connectionString: database.url, lease })).rejects.toThrow(UsageError);
  await nothingWasRun();
});

test("a resume with another constant in the job's SQL is refused", async () => {
  const job = (last: number): Job =>
    defineSqlJob({ name: "limited", source: rowsOf(things, { where: sql`id <= ${last}` }), sink: next });
  await runJob(job(10), { connectionString: database.url, signal: AbortSignal.abort() });
  await expect(resumeRun(job(90), "limited", { connectionString: database.url })).rejects.toThrow(
    RefusedError,
  );
});

test("a parameter that PostgreSQL cannot read is reported as that, not as a mistake in the job's SQL", async () => {
  const job = defineSqlJob({
    name: "mistake",
    parameters: { since: "date", least: "numeric", mood: "text", more: "date[]?", any: "jsonb?" },
    source: ({ parameters: { since, least } }) =>
      rowsOf(things, { where: sql`${since}::date < now() and m > ${least}::numeric` }),
    sink: next,
  });
  const given = { since: "2024-13-01", least: "1", mood: "any" };
  for (const parameters of [given, { ...given, since: "2024-12-01", least: "much" }]) {
    const name = parameters.least === "much" ? "least" : "since";
    await expect(runJob(job, { connectionString: database.url, parameters })).rejects.toMatchObject({
      code: "usage",
      message: expect.stringMatching(
        new RegExp(`The parameters do not fit the job:\\n  ${name}: the given value is not a`),
      ),
    });
  }
});

test("unreadable stored parameters are refused at the start of a resume", async () => {
  const job = defineSqlJob({
    name: "dated",
    parameters: z.object({ since: z.date() }),
    source: rowsOf(things),
    sink: next,
  });
  const options = { connectionString: database.url, parameters: { since: new Date(0) } };
  await expect(runJob(job, options)).rejects.toThrow(UsageError);
  await nothingWasRun();
});
