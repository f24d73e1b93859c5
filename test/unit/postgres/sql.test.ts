import fc from "fast-check";
import { sql, UsageError } from "tidefill";
import { describe, expect, test } from "vitest";
import { join, quoteIdentifier, raw } from "../../../src/postgres/sql/sql.ts";

describe("sql", () => {
  test("keeps values separate from the text", () => {
    expect(sql`a = ${1} and b = ${"x'; drop table t"}`.toQuery()).toEqual({
      text: "a = $1 and b = $2",
      values: [1, "x'; drop table t"],
    });
  });

  test("nests at the beginning, in the middle, at the end, and several levels deep", () => {
    const inner = sql`${1} + ${2}`;
    expect(sql`${inner}`.toQuery()).toEqual({ text: "$1 + $2", values: [1, 2] });
    expect(sql`a = ${0} and ${sql`(${inner}) < ${3}`} or ${4}`.toQuery()).toEqual({
      text: "a = $1 and ($2 + $3) < $4 or $5",
      values: [0, 1, 2, 3, 4],
    });
    expect(sql`${inner}${inner}${sql``}${5}`.toQuery()).toEqual({
      text: "$1 + $2$3 + $4$5",
      values: [1, 2, 1, 2, 5],
    });
  });

  test("takes backslashes literally", () => {
    expect(sql`regexp_split_to_array(trim(content), '\s+|\n')`.toString()).toBe(
      "regexp_split_to_array(trim(content), '\\s+|\\n')",
    );
    expect(sql`'\u0041 \x41 \${'`.toString()).toBe("'\\u0041 \\x41 \\${'");
  });

  test("refuses undefined and accepts null", () => {
    expect(() => sql`a = ${undefined}`).toThrow(UsageError);
    expect(sql`a = ${null}`.toQuery()).toEqual({ text: "a = $1", values: [null] });
  });

  test("passes arrays, objects and texts that look like SQL as values", () => {
    const values = [[1, 2], "$1", "sql`x`", { parts: ["drop table t"], values: [] }];
    expect(sql`${values[0]} ${values[1]} ${values[2]} ${values[3]}`.toQuery()).toEqual({
      text: "$1 $2 $3 $4",
      values: [[1, 2], "$1", "sql`x`", '{"parts":["drop table t"],"values":[]}'],
    });
  });

  test("numbers its values in order, however it is nested", () => {
    const pieces = fc.letrec((tie) => ({
      piece: fc.oneof({ maxDepth: 4 }, fc.integer(), fc.tuple(tie("piece"), tie("piece"))),
    })).piece;
    const build = (piece: unknown): unknown =>
      Array.isArray(piece) ? sql`(${build(piece[0])}, ${build(piece[1])})` : piece;
    fc.assert(
      fc.property(pieces, (piece) => {
        const { text, values } = sql`${build(piece)}`.toQuery();
        expect(values).toEqual([piece].flat(10));
        const placeholders = values.map((_, index) => `$${index + 1}`);
        expect(text.match(/\$\d+/g)).toEqual(placeholders);
      }),
    );
  });
});

describe("join", () => {
  test("puts a separator between pieces and nothing around them", () => {
    expect(join([]).toString()).toBe("");
    expect(join([sql`${1}`]).toQuery()).toEqual({ text: "$1", values: [1] });
    expect(join([sql`${1}`, raw("x"), sql`${2}`], " and ").toQuery()).toEqual({
      text: "$1 and x and $2",
      values: [1, 2],
    });
  });
});

describe("quoteIdentifier", () => {
  test("lets no character break out", () => {
    expect(quoteIdentifier('a"; drop table t; --')).toBe('"a""; drop table t; --"');
    expect(() => quoteIdentifier("a\0b")).toThrow(UsageError);
  });
});
