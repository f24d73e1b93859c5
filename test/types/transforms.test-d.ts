import { defineJob, type Job, type Json, type Numeric, reject, rowsOf, skip, table, update } from "tidefill";
import { describe, expectTypeOf, test } from "vitest";

const essays = table("essays", {
  key: "id",
  columns: {
    id: "bigint",
    content: "text",
    words: "integer?",
    score: "bigint?",
    tags: "text[]",
    data: "jsonb?",
  },
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
    defineJob({
      name,
      source,
      transform: (row) => (row.content === "" ? reject("empty") : { words: 1 }),
      sink,
    });
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
    defineJob({
      name,
      source,
      // @ts-expect-error a Date is no JSON
      transform: () => ({ data: { at: new Date() } }),
      sink: update(essays, ["data"]),
    });
    defineJob({
      name,
      source,
      // @ts-expect-error a bigint is no JSON
      transform: (row) => ({ data: { id: row.id } }),
      sink: update(essays, ["data"]),
    });
    // @ts-expect-error a number for a bigint, later
    defineJob({ name, source, transform: async () => ({ score: 5 }), sink: scores });
  });

  test("does not compile where something is added to a numeric, which would be appended as text", () => {
    const orders = table("orders", {
      key: "id",
      columns: { id: "bigint", amount: "numeric", paid: "numeric?" },
    });
    const amounts = update(orders, ["amount"]);
    const of = rowsOf(orders, { read: ["amount"] });
    // @ts-expect-error "1.50" and 1 are "1.501"
    defineJob({ name, source: of, transform: ({ amount }) => ({ amount: amount + 1 }), sink: amounts });
    // @ts-expect-error the same
    defineJob({ name, source: of, transform: ({ amount }) => ({ amount: 1 + amount }), sink: amounts });
    // @ts-expect-error the same with two of them
    defineJob({ name, source: of, transform: ({ amount }) => ({ amount: amount + amount }), sink: amounts });
    // @ts-expect-error the same in a sum
    [{ amount: "1" as Numeric }].reduce((sum, row) => sum + row.amount, 0);
    // @ts-expect-error a number for a numeric
    defineJob({ name, source: of, transform: () => ({ amount: 1.5 }), sink: amounts });
    // @ts-expect-error needs an explicit conversion to a text
    const text: string = "1.50" as Numeric;
    expectTypeOf(text).toBeString();
  });

  test("accepts a numeric unchanged, as any string, and after a computation", () => {
    const orders = table("orders", { key: "id", columns: { id: "bigint", amount: "numeric" } });
    const amounts = update(orders, ["amount"]);
    const of = rowsOf(orders);
    defineJob({ name, source: of, transform: ({ amount }) => ({ amount }), sink: amounts });
    defineJob({ name, source: of, transform: () => ({ amount: "1.50" }), sink: amounts });
    defineJob({
      name,
      source: of,
      transform: ({ amount }) => ({ amount: (Number(amount) + 1).toFixed(2) }),
      sink: amounts,
    });
    defineJob({
      name,
      source: of,
      transform: ({ amount }) => (amount === "0" ? skip() : { amount: `${amount}0` }),
      sink: amounts,
    });
  });

  test("does not compile without a column of the sink", () => {
    const both = update(essays, ["words", "score"]);
    // @ts-expect-error no score
    defineJob({ name, source, transform: () => ({ words: 1 }), sink: both });
    // @ts-expect-error nothing
    defineJob({ name, source, transform: () => ({}), sink });
  });

  test("does not compile with a value that is not a row", () => {
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

  test("carries JSON as Json and arrays as arrays", () => {
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
