import {
  defineJob,
  defineSqlJob,
  type Duration,
  type Job,
  type Json,
  type RunReport,
  reject,
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

const essays = table("essays", {
  key: "id",
  columns: { id: "bigint", content: "text", words: "integer?", score: "bigint?", tags: "text[]", data: "jsonb?" },
});
const name = "essay-word-count";
const source = rowsOf(essays, { read: ["content"] });
const sink = update(essays, ["words"]);

describe("a transform", () => {
  test("sees what is read, and the key", () => {
    defineJob({
      name,
      source,
      transform: (row) => {
        expectTypeOf(row).toEqualTypeOf<{ readonly id: bigint; readonly content: string }>();
        return { words: row.content.length };
      },
      sink,
    });
  });

  test("may answer a row, skip() or reject(), at once or later", () => {
    defineJob({ name, source, transform: () => ({ words: null }), sink });
    defineJob({ name, source, transform: () => skip(), sink });
    defineJob({ name, source, transform: (row) => (row.content === "" ? reject("empty") : { words: 1 }), sink });
    defineJob({ name, source, transform: async () => ({ words: 1 }), sink });
    defineJob({ name, source, transform: async (row) => (row.id > 5n ? skip() : { words: 1 }), sink });
    expectTypeOf(defineJob({ name, source, transform: () => skip(), sink })).toEqualTypeOf<Job>();
  });

  test("does not compile with a column that is not read", () => {
    // @ts-expect-error not read
    defineJob({ name, source, transform: (row) => ({ words: row.score === null ? 0 : 1 }), sink });
  });

  test("does not compile with a misspelt column", () => {
    // @ts-expect-error misspelt
    defineJob({ name, source, transform: (row) => ({ words: row.contents.length }), sink });
  });

  test("does not compile with a value of the wrong type", () => {
    const scores = update(essays, ["score"]);
    // @ts-expect-error a number for a bigint
    defineJob({ name, source, transform: () => ({ score: 5 }), sink: scores });
    // @ts-expect-error a text for a number
    defineJob({ name, source, transform: () => ({ words: "5" }), sink });
    // @ts-expect-error undefined for a number
    defineJob({ name, source, transform: () => ({ words: undefined }), sink });
    // @ts-expect-error null where the column is not null
    defineJob({ name, source, transform: () => ({ tags: null }), sink: update(essays, ["tags"]) });
    // @ts-expect-error an array of numbers for one of texts
    defineJob({ name, source, transform: () => ({ tags: [1] }), sink: update(essays, ["tags"]) });
    // @ts-expect-error a Date is no JSON
    defineJob({ name, source, transform: () => ({ data: { at: new Date() } }), sink: update(essays, ["data"]) });
    // @ts-expect-error a bigint is no JSON
    defineJob({ name, source, transform: (row) => ({ data: { id: row.id } }), sink: update(essays, ["data"]) });
    // @ts-expect-error a number for a bigint, later
    defineJob({ name, source, transform: async () => ({ score: 5 }), sink: scores });
  });

  test("does not compile without a column of the sink", () => {
    const both = update(essays, ["words", "score"]);
    // @ts-expect-error no score
    defineJob({ name, source, transform: () => ({ words: 1 }), sink: both });
    // @ts-expect-error nothing
    defineJob({ name, source, transform: () => ({}), sink });
  });

  test("does not compile with what is no row", () => {
    // @ts-expect-error nothing
    defineJob({ name, source, transform: () => undefined, sink });
    // @ts-expect-error null
    defineJob({ name, source, transform: () => null, sink });
    // @ts-expect-error skip, not called
    defineJob({ name, source, transform: () => skip, sink });
    // @ts-expect-error no return
    defineJob({ name, source, transform: (row) => void row, sink });
  });

  test("cannot change the row that it sees", () => {
    defineJob({
      name,
      source,
      transform: (row) => {
        // @ts-expect-error read only
        row.content = "";
        return skip();
      },
      sink,
    });
  });

  test("carries JSON as what it is", () => {
    defineJob({
      name,
      source: rowsOf(essays),
      transform: ({ data, tags }) => {
        expectTypeOf(data).toEqualTypeOf<Json>();
        expectTypeOf(tags).toEqualTypeOf<readonly (string | null)[]>();
        return { data: { ...(data as object), tags }, tags };
      },
      sink: update(essays, ["data", "tags"]),
    });
  });
});

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
    // @ts-expect-error not a type
    defineSqlJob({ name, parameters: { since: "datetime" }, source, sink: update(essays, { words: sql`1` }) });
    const parameters = { since: "date" } as const;
    // @ts-expect-error misspelt
    defineSqlJob({ name, parameters, source: ({ parameters: p }) => rowsOf(essays, { where: sql`${p.sinse}` }), sink: update(essays, { words: sql`1` }) });
  });
});

describe("a duration", () => {
  test("has a unit", () => {
    expectTypeOf<"250ms" | "1.5s" | "1h30m" | "2d">().toExtend<Duration>();
    expectTypeOf<"250">().not.toExtend<Duration>();
    expectTypeOf<"5 s">().not.toExtend<Duration>();
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

  test("answers a report", () => {
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
