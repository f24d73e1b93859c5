import {
  addColumn,
  csvFile,
  defineJob,
  defineSqlJob,
  defineSteps,
  deleteFrom,
  insertInto,
  move,
  reject,
  rowsOf,
  skip,
  sql,
  table,
  update,
} from "tidefill";
import { transformOne } from "tidefill/testing";
import { expect, test } from "vitest";

const essays = table("essay", {
  key: "id",
  columns: {
    id: "bigint",
    content: "text",
    written: "timestamptz?",
    score: "numeric?",
    words: "integer?",
    tags: "jsonb?",
    big: "bigint[]?",
  },
});

const countWords = defineJob({
  name: "count-words",
  parameters: { least: "integer" },
  source: rowsOf(essays, { read: ["content"] }),
  transform: ({ content }, { parameters }) => {
    const words = content.split(" ").length;
    if (words < parameters.least) return skip();
    if (content === "?") return reject("nobody can read that");
    return { words };
  },
  sink: update(essays, ["words"]),
});

const least = { parameters: { least: 0 } };

test("a row becomes what would be written, or the verdict", async () => {
  expect(await transformOne(countWords, { id: 1n, content: "a b c" }, least)).toEqual({ words: 3 });
  expect(await transformOne(countWords, { id: 1n, content: "?" }, least)).toEqual(
    reject("nobody can read that"),
  );
  const most = { parameters: { least: "4" } };
  expect(await transformOne(countWords, { id: 1n, content: "a b c" }, most)).toEqual(skip());
});

test("asynchronous transforms get a signal, and an error that they throw is thrown", async () => {
  const job = defineJob({
    name: "ask",
    source: rowsOf(essays, { read: ["content"] }),
    transform: async ({ content }, { signal }) => {
      await Promise.resolve();
      if (content === "") throw new RangeError("of the transform");
      return { words: signal.aborted ? -1 : 1 };
    },
    sink: update(essays, ["words"]),
  });
  expect(await transformOne(job, { id: 1n, content: "a" })).toEqual({ words: 1 });
  await expect(transformOne(job, { id: 1n, content: "" })).rejects.toThrow(
    new RangeError("of the transform"),
  );
});

/** Writes what it is given, whatever the types say. */
function writing(answer: unknown) {
  return defineJob({
    name: "writing",
    source: rowsOf(essays, { read: ["content"] }),
    transform: () => answer as { readonly score: string; readonly big: bigint[] },
    sink: update(essays, ["score", "big"]),
  });
}

const row = { id: 1n, content: "" };

test("a value goes through its column, and a value that the column cannot hold is thrown as an error", async () => {
  const right = { score: "1.50", big: [2n ** 60n] };
  expect(await transformOne(writing(right), row)).toEqual(right);
  const wrong = transformOne(writing({ score: 1.5, big: null }), row);
  await expect(wrong).rejects.toThrow("column score (numeric?): the transform gave a number");
  const strange = transformOne(writing({ ...right, words: 1 }), row);
  await expect(strange).rejects.toThrow('the transform returned "words", which the sink does not write');
  await expect(transformOne(writing([right]), row)).rejects.toThrow("neither a row nor");
  await expect(transformOne(writing(undefined), row)).rejects.toThrow("neither a row nor");
});

test("one row may become several rows or none, or be deleted", async () => {
  const several = (content: string) => content.split("").map((words) => ({ id: 1n, words: Number(words) }));
  const insert = insertInto(essays, ["id", "words"]);
  const source = rowsOf(essays, { read: ["content"], where: sql`words is null` });
  const transform = ({ content }: { readonly content: string }) => several(content);
  const inserting = defineJob({ name: "split", source, transform, sink: insert });
  expect(await transformOne(inserting, { id: 1n, content: "12" })).toEqual([
    { id: 1n, words: 1 },
    { id: 1n, words: 2 },
  ]);
  const moving = defineJob({ name: "split", source, transform, sink: move(essays, insert) });
  expect(await transformOne(moving, { id: 1n, content: "" })).toEqual([]);
  const deleting = defineJob({ name: "drop", source, transform: (essay) => essay, sink: deleteFrom(essays) });
  expect(await transformOne(deleting, { id: 1n, content: "" })).toEqual({});
});

test("the transform sees only the columns of its source, as in a run", async () => {
  const seen: unknown[] = [];
  const job = defineJob({
    name: "look",
    source: rowsOf(essays),
    transform: (essay) => {
      seen.push(essay);
      return skip();
    },
    sink: update(essays, ["words"]),
  });
  const whole = {
    id: 1n,
    content: "a",
    written: null,
    score: "1.50",
    words: 2,
    tags: { a: [1] },
    big: [3n, null],
  };
  await transformOne(job, whole);
  expect(seen).toEqual([whole]);
  await expect(transformOne(job, { ...whole, extra: 1 })).rejects.toThrow(
    "The row has extra, which the source of look does not read.",
  );
  await expect(transformOne(job, { ...whole, id: 1 })).rejects.toThrow(
    "The row's id (bigint) cannot be this number.",
  );
  await expect(transformOne(job, { ...whole, content: null })).rejects.toThrow("cannot be this null");
  await expect(transformOne(job, { ...whole, score: "one" })).rejects.toThrow("cannot be this string");
  const { tags: _, ...without } = whole;
  await expect(transformOne(job, without)).rejects.toThrow("The row's tags (jsonb?) is missing.");
});

test("a row of a file is a row like any other, and the file need not exist", async () => {
  const job = defineJob({
    name: "load",
    source: csvFile("not/there.csv", { columns: { id: "bigint", word: "text" } }),
    transform: ({ id, word }) => ({ id, content: word.toUpperCase() }),
    sink: insertInto(essays, ["id", "content"]),
  });
  expect(await transformOne(job, { id: 1n, word: "a" })).toEqual({ id: 1n, content: "A" });
});

test("a missing transform or a wrong parameter gives an error that says what to do", async () => {
  const bySql = defineSqlJob({
    name: "by-sql",
    source: rowsOf(essays),
    sink: update(essays, { words: sql`1` }),
  });
  await expect(transformOne(bySql, row)).rejects.toThrow("by-sql is an SQL job: only a database can compute");
  const steps = defineSteps({ name: "steps", expand: [addColumn("essay", "extra", "text")] });
  await expect(transformOne(steps, row)).rejects.toThrow("has only steps");
  await expect(transformOne(countWords, row)).rejects.toThrow("least: missing");
});
