import fc from "fast-check";
import { UsageError } from "tidefill";
import { describe, expect, test } from "vitest";
import { ColumnCodec, ColumnValueError } from "../../../src/job/columns/column-codec.ts";
import {
  columnTypeFor,
  columnTypeNames,
  fitsCatalogType,
  parseColumnType,
} from "../../../src/job/columns/column-types.ts";
import { fromTextArray } from "../../../src/postgres/sql/text-array.ts";

/** PostgreSQL's text, the column's type, and the value that a transform sees. */
const values: readonly (readonly [text: string, type: string, value: unknown])[] = [
  ["-32768", "smallint", -32768],
  ["9223372036854775807", "bigint", 9223372036854775807n],
  ["-9007199254740993", "bigint", -9007199254740993n],
  ["-0", "real", -0],
  ["5e-324", "double precision", 5e-324],
  ["NaN", "double precision", Number.NaN],
  ["-Infinity", "double precision", Number.NEGATIVE_INFINITY],
  ["0.30000000000000004", "double precision", 0.1 + 0.2],
  ["1e+21", "double precision", 1e21],
  ["1.10", "numeric", "1.10"],
  ["t", "boolean", true],
  ["f", "boolean", false],
  ["infinity", "timestamptz", "infinity"],
  ["0044-03-15 BC", "date", "0044-03-15 BC"],
  ["\\x00ff", "bytea", Buffer.from([0, 255])],
  ["\\x", "bytea", Buffer.alloc(0)],
  ['{"a":[1,null,"é"]}', "jsonb", { a: [1, null, "é"] }],
  ["1e400", "jsonb text", "1e400"],
  ["", "text", ""],
  ["NULL", "text", "NULL"],
];

describe("a column's codec", () => {
  test.each(values)("carries %s (%s) there and back", (text, type, value) => {
    const codec = new ColumnCodec("c", type);
    const decoded = codec.decode(text);
    expect(decoded).toEqual(value);
    expect(codec.encode(decoded)).toBe(text);
  });

  test("accepts null only where the column may be null", () => {
    expect(new ColumnCodec("c", "text?").decode(null)).toBeNull();
    expect(new ColumnCodec("c", "text?").encode(null)).toBeNull();
    expect(() => new ColumnCodec("c", "text").encode(null)).toThrow(/c \(text\): null/);
  });

  test.each([
    ["bigint[]", "{1,NULL,-9007199254740993}", [1n, null, -9007199254740993n]],
    [
      "text[]",
      '{"",NULL,"NULL","a,b","{}","\\"","\\\\"," "}',
      ["", null, "NULL", "a,b", "{}", '"', "\\", " "],
    ],
    ["text[]", "{}", []],
    [
      "integer[]",
      "{{1,2},{3,4}}",
      [
        [1, 2],
        [3, 4],
      ],
    ], // two dimensions
    ["bytea[]", '{"\\\\x00"}', [Buffer.from([0])]],
    ["boolean[]", "{t,f}", [true, false]],
    ["jsonb[]", '{"{\\"a\\": [1, 2]}"}', [{ a: [1, 2] }]],
  ])("reads %s from %s", (type, text, value) => {
    expect(new ColumnCodec("c", type).decode(text)).toEqual(value);
  });

  test("writes arrays back as it reads them", () => {
    const text = fc.string({ unit: "binary" }).filter((each) => each.isWellFormed() && !each.includes("\0"));
    const flat = fc.array(fc.option(text));
    const nested = fc
      .tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 }))
      .chain(([rows, width]) =>
        fc.array(fc.array(fc.option(text), { minLength: width, maxLength: width }), {
          minLength: rows,
          maxLength: rows,
        }),
      );
    const codec = new ColumnCodec("c", "text[]");
    fc.assert(
      fc.property(fc.oneof(flat, nested), (array) => {
        // PostgreSQL writes null in capitals.
        const printed = codec.encode(array)?.replaceAll(/(?<=[{,])null(?=[,}])/g, "NULL") ?? "";
        expect(codec.decode(printed)).toEqual(array);
      }),
      { numRuns: 50 },
    );
  });

  test.each([
    ["bigint", 5],
    ["integer", 5n],
    ["integer", "5"],
    ["boolean", "t"],
    ["boolean", 1],
    ["text", 5],
    ["text", undefined],
    ["text", new Date(0)],
    ["numeric", 1.5],
    ["timestamptz", new Date(0)],
    ["bytea", "\\x00"],
    ["bytea", [0]],
    ["jsonb text", { a: 1 }],
    ["jsonb", undefined],
    ["jsonb", Symbol("a")],
    ["text[]", "{a}"],
    ["text[]", new Set(["a"])],
    ["text[]", ["a", undefined]],
    ["text", "\ud800"],
    ["text", "\udc00\ud800"],
    ["text", "a\0"],
  ])("refuses for %s the value %o", (type, value) => {
    const codec = new ColumnCodec("c", type);
    expect(() => codec.encode(value)).toThrow(ColumnValueError);
  });

  test("never shows a value in its error", () => {
    expect(() => new ColumnCodec("email", "bigint").encode("secret@school.example")).toThrow(
      /^column email \(bigint\): the transform gave a string$/,
    );
  });

  test.each(["int8", "bigint??", "bigint[][]", "bigint?[]", "", "?", "[]", "toString", "varchar(3)"])(
    "refuses the type %j",
    (type) => {
      expect(() => new ColumnCodec("c", type)).toThrow(UsageError);
    },
  );
});

describe("a column's type", () => {
  test.each(columnTypeNames.flatMap((name) => [name, `${name}[]`, `${name}?`, `${name}[]?`]))(
    "%s is parsed",
    (type) => {
      const parsed = parseColumnType(type);
      const rebuilt = `${parsed?.scalar}${parsed?.isArray ? "[]" : ""}${parsed?.isNullable ? "?" : ""}`;
      expect(rebuilt).toBe(type);
    },
  );

  test.each([
    ["int8", "bigint"],
    ["_int4", "integer[]"],
    ["bpchar", "char"],
    ["inet", "text"],
    ["_inet", "text[]"],
    ["jsonb", "jsonb"],
  ])("for %s in the catalogue is written %s, and fits", (catalog, type) => {
    expect(columnTypeFor(catalog)).toBe(type);
    const parsed = parseColumnType(type);
    expect(parsed !== null && fitsCatalogType(parsed, catalog)).toBe(true);
  });

  test.each([
    ["bigint", "int4"],
    ["bigint[]", "int8"],
    ["bigint", "_int8"],
    ["text[]", "text"],
    ["varchar", "text"],
    ["jsonb text", "json"],
  ])("%s does not fit %s in the catalogue", (type, catalog) => {
    const parsed = parseColumnType(type);
    expect(parsed !== null && fitsCatalogType(parsed, catalog)).toBe(false);
  });
});

describe("a key in the store", () => {
  test.each([
    ["{a,NULL}", ["a", null]],
    ['{"NULL","null",""," ","a b"}', ["NULL", "null", "", " ", "a b"]],
    ['{"\\"","\\\\","\\\\\\"","{","}",","}', ['"', "\\", '\\"', "{", "}", ","]],
    ['{"a\\\\","b\\""}', ["a\\", 'b"']],
    [null, null],
  ])("%s is read as it was written", (text, key) => {
    expect(fromTextArray(text)).toEqual(key);
  });
});
