import { asSql, createIndex, rowsOf, sql, sqlThrottle, table, UsageError, update } from "tidefill";
import { describe, expect, test } from "vitest";
import { sqlWithin } from "../../../src/postgres/sql/built-query.ts";

const essays = table("essays", { key: "id", columns: { id: "bigint", words: "integer?" } });

describe("a query that another library has built", () => {
  test.each([
    ["Kysely's", { sql: "a = $1", parameters: [7] }],
    ["Drizzle's", { sql: "a = $1", params: [7] }],
    ["pg's", { text: "a = $1", values: [7] }],
  ])("is accepted from %s", (_, built) => {
    expect(asSql(built).toQuery()).toEqual({ text: "a = $1", values: [7] });
  });

  test("may use its parameters in any order, and repeatedly", () => {
    const built = asSql({ sql: "a = $2 and b = $1 and c < $2", parameters: ["one", "two"] });
    expect(sql`x = ${0} and (${built})`.toQuery()).toEqual({
      text: "x = $1 and (a = $2 and b = $3 and c < $4)",
      values: [0, "two", "one", "two"],
    });
  });

  test.each([
    "'it costs $1'",
    "e'it\\'s $1'",
    '"odd $1 name"',
    "$$ $1 $$",
    "$x$ $1 $$ $x$",
    "/* $1 */ a",
    "a -- $1",
    "a$1",
  ])("keeps what only looks like a parameter in %s", (text) => {
    expect(asSql({ text, values: [] }).toQuery()).toEqual({ text, values: [] });
  });

  test("is refused with too few or too many parameters", () => {
    expect(() => asSql({ text: "a = $2", values: [1] })).toThrow(/has 1 parameters, but its text uses \$2/);
    expect(() => asSql({ text: "a = $1", values: [1, 2] })).toThrow(
      /has 2 parameters, but its text uses \$1/,
    );
    expect(() => asSql({ text: "a", values: [1] })).toThrow(/uses none/);
  });

  test("is never made from a value inside sql`…`", () => {
    const value = { sql: "drop table essays", parameters: [] };
    expect(sql`select ${value}`.toQuery()).toEqual({ text: "select $1", values: [JSON.stringify(value)] });
  });

  test("with a Date among its values is refused like a template", () => {
    expect(() => asSql({ text: "at < $1", values: [new Date(0)] })).toThrow(/is a Date, which has neither/);
  });

  test("is recognised among other values", () => {
    for (const given of [
      null,
      undefined,
      "a = 1",
      7,
      {},
      { sql: "a" },
      { values: [] },
      { text: 1, values: [] },
    ])
      expect(sqlWithin(given)).toBeNull();
  });
});

test("a value that is not a query is refused where it is given, with the remedy", () => {
  const builder = { compile: () => ({}) } as never;
  for (const attempt of [
    () => rowsOf(essays, { where: builder }),
    () => update(essays, { words: builder }),
    () => createIndex("i", { on: "essays", by: builder }),
    () => sqlThrottle({ name: "queue", max: 1, query: builder }),
    () => asSql(builder),
  ])
    expect(attempt).toThrow(UsageError);
  try {
    rowsOf(essays, { pending: builder });
  } catch (error) {
    expect(error).toMatchObject({
      message: "`pending` of rowsOf(essays) is not SQL.",
      remedy: expect.stringContaining("`.compile()` of Kysely"),
    });
  }
});
