import {
  type Duration,
  defineJob,
  defineSqlJob,
  type RunReport,
  resumeRun,
  rowsOf,
  runJob,
  skip,
  sql,
  table,
  update,
} from "tidefill";
import { describe, expectTypeOf, test } from "vitest";
import { z } from "zod";

const essays = table("essays", { key: "id", columns: { id: "bigint", content: "text", words: "integer?" } });
const name = "essay-word-count";
const source = rowsOf(essays, { read: ["content"] });
const sink = update(essays, ["words"]);

describe("a job", () => {
  test("does not compile without its parts", () => {
    // @ts-expect-error no transform
    defineJob({ name, source, sink });
    // @ts-expect-error no sink
    defineJob({ name, source, transform: () => skip() });
    // @ts-expect-error no name
    defineJob({ source, transform: () => skip(), sink });
    // @ts-expect-error misspelt
    defineJob({ name, source, transform: () => skip(), sink, rejectsLimit: 5 });
  });

  test("does not compile with the other kind's sink", () => {
    // @ts-expect-error named columns need a transform
    defineSqlJob({ name, source, sink });
    // @ts-expect-error a transform has no place in an SQL job
    defineSqlJob({ name, source, transform: () => skip(), sink: update(essays, { words: sql`1` }) });
  });

  test("knows its parameters by type", () => {
    defineJob({
      name,
      parameters: { since: "timestamptz", limit: "bigint?", ids: "integer[]" },
      source: ({ parameters }) => {
        expectTypeOf(parameters).toEqualTypeOf<{
          readonly since: string;
          readonly limit: bigint | null;
          readonly ids: readonly (number | null)[];
        }>();
        return rowsOf(essays, { where: sql`created_at > ${parameters.since}` });
      },
      transform: (row, { parameters, signal }) => {
        expectTypeOf(row.words).toEqualTypeOf<number | null>();
        expectTypeOf(parameters.limit).toEqualTypeOf<bigint | null>();
        expectTypeOf(signal).toEqualTypeOf<AbortSignal>();
        return { words: 1 };
      },
      sink,
    });
  });

  test("knows its parameters by a schema", () => {
    defineSqlJob({
      name,
      parameters: z.object({ year: z.coerce.number(), label: z.string().default("x") }),
      source: ({ parameters }) => {
        expectTypeOf(parameters).toEqualTypeOf<{ year: number; label: string }>();
        return source;
      },
      sink: ({ parameters }) => update(essays, { words: sql`${parameters.year}` }),
    });
  });

  test("does not compile with a parameter that it lacks", () => {
    defineSqlJob({
      name,
      // @ts-expect-error not a type
      parameters: { since: "datetime" },
      source,
      sink: update(essays, { words: sql`1` }),
    });
    const parameters = { since: "date" } as const;
    defineSqlJob({
      name,
      parameters,
      // @ts-expect-error misspelt
      source: ({ parameters: p }) => rowsOf(essays, { where: sql`${p.sinse}` }),
      sink: update(essays, { words: sql`1` }),
    });
  });
});

describe("a duration", () => {
  test("has a unit", () => {
    expectTypeOf<"250ms" | "1.5s" | "1h30m" | "2d">().toExtend<Duration>();
    expectTypeOf<"250">().not.toExtend<Duration>();
    expectTypeOf<"5sec">().not.toExtend<Duration>();
    expectTypeOf<"s">().not.toExtend<Duration>();
    expectTypeOf<number>().not.toExtend<Duration>();
    // @ts-expect-error no unit
    defineJob({ name, source, transform: () => skip(), sink, pace: { batchTime: "250" } });
    // @ts-expect-error a number
    defineJob({ name, source, transform: () => skip(), sink, pace: { batchTime: 250 } });
  });
});

describe("a run", () => {
  const job = defineJob({ name, source, transform: () => skip(), sink });

  test("returns a report", () => {
    expectTypeOf(runJob).returns.resolves.toEqualTypeOf<RunReport>();
    expectTypeOf(resumeRun).returns.resolves.toEqualTypeOf<RunReport>();
    expectTypeOf<RunReport["status"]>().toEqualTypeOf<
      "pending" | "running" | "succeeded" | "paused" | "interrupted" | "failed" | "cancelled"
    >();
  });

  test("does not compile with options that it lacks", () => {
    const run = () => [
      // @ts-expect-error misspelt
      runJob(job, { worker: 4 }),
      // @ts-expect-error a text
      runJob(job, { workers: "4" }),
      // @ts-expect-error no unit
      runJob(job, { lease: 10 }),
      // @ts-expect-error not a job
      runJob({ name }, {}),
      // @ts-expect-error no name of a run
      resumeRun(job),
    ];
    expectTypeOf(run).toBeFunction();
  });
});
