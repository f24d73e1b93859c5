import {
  csvFile,
  defineJob,
  defineSqlJob,
  defineSteps,
  insertInto,
  rowsOf,
  skip,
  sql,
  table,
  UsageError,
  update,
} from "tidefill";
import { describe, expect, test } from "vitest";
import { displayName, parseTableName } from "../../../src/job/columns/table.ts";
import { parseDuration } from "../../../src/job/pace/duration.ts";

const columns = { id: "bigint", content: "text", words: "integer?" } as const;
const essays = table("essays", { key: "id", columns });
// What the compiler would refuse, but plain JavaScript can still write.
const wrong = (value: unknown): never => value as never;

describe("a table's name", () => {
  test.each([
    ["orders", null, "orders"],
    ["shop.orders", "shop", "orders"],
    ['"Odd Name".t', "Odd Name", "t"],
    ['shop."a.b"', "shop", "a.b"],
    ['"Üb er"."a""b"', "Üb er", 'a"b'],
    ['"a.b"."c.d"', "a.b", "c.d"],
    ['""""', null, '"'],
    [`"${"ä".repeat(31)}x"`, null, `${"ä".repeat(31)}x`],
  ])("%s is parsed as SQL would", (text, schema, name) => {
    expect(parseTableName(text)).toEqual({ schema, name });
  });

  test.each(["", ".", "a.", ".a", "a.b.c", '"a', 'a"', '"a"b', '""', '"".a', 'a"b"c', "ä".repeat(32)])(
    "%j is refused",
    (text) => {
      expect(() => parseTableName(text)).toThrow(UsageError);
    },
  );

  test.each(["orders", "shop.orders", '"Odd Name".t', '"Üb er"."a""b"', '"a.b"."c.d"', '"1st"'])(
    "%s is shown as it is written",
    (text) => {
      expect(displayName(parseTableName(text))).toBe(text);
    },
  );

  // A fault in src, if quotes are to mean the same as in SQL: there, Orders without quotes is orders.
  test.fails("without quotes is folded as in SQL", () => {
    expect(parseTableName("Shop.Orders")).toEqual({ schema: "shop", name: "orders" });
  });
});

describe("a duration", () => {
  test.each([
    ["250ms", 250],
    ["30s", 30_000],
    ["1.5s", 1_500],
    ["5m", 300_000],
    ["1h30m", 5_400_000],
    ["2d", 172_800_000],
    ["1m5ms", 60_005],
    ["0ms", 0],
  ])("%s is %i ms", (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds);
  });

  test.each([
    "",
    "250",
    "ms",
    "-5s",
    "5 s",
    " 5s",
    "5s ",
    "1e3ms",
    "5sec",
    "5S",
    ".5s",
    "5.s",
    "1,5s",
    "Infinitys",
  ])("%j is refused", (text) => {
    expect(() => parseDuration(text)).toThrow(/is not a duration/);
  });
});

describe("table", () => {
  test.each([
    ["without a key", { key: [], columns }],
    ["with a key that is not among its columns", { key: "nope", columns }],
    ["with a type that does not exist", { key: "id", columns: { id: "int8" } }],
    ["with a nullable element", { key: "id", columns: { id: "bigint", tags: "text?[]" } }],
    ["with an empty type", { key: "id", columns: { id: "bigint", x: "" } }],
    ["with a property of every object as a key", { key: "toString", columns }],
    ["with a property of every object as a type", { key: "id", columns: { id: "constructor" } }],
  ])("%s is refused", (_, description) => {
    expect(() => table("t", wrong(description))).toThrow(UsageError);
  });

  test("is frozen, and independent of the objects it was made of", () => {
    const given: { id: "bigint"; n: "integer" } = { id: "bigint", n: "integer" };
    const described = table("t", { key: ["id"], columns: given });
    given.n = wrong("text");
    expect(described).toEqual({
      schema: null,
      name: "t",
      key: ["id"],
      columns: { id: "bigint", n: "integer" },
      personalData: [],
    });
    expect([described, described.key, described.columns].every(Object.isFrozen)).toBe(true);
  });
});

describe("rowsOf", () => {
  test("reads the key first, each column once, and all columns when none is named", () => {
    expect(rowsOf(essays).read).toEqual(["id", "content", "words"]);
    expect(rowsOf(essays, { read: ["content", "id", "content"] }).read).toEqual(["id", "content"]);
    expect(rowsOf(essays, { read: [] }).read).toEqual(["id"]);
  });

  test.each([
    ["a column that the description lacks", { read: ["nope"] }],
    ["a text for `where`", { where: "true" }],
    ["a text for `pending`", { pending: "true" }],
  ])("with %s is refused", (_, options) => {
    expect(() => rowsOf(essays, wrong(options))).toThrow(UsageError);
  });
});

describe("update", () => {
  test.each([
    ["no column", []],
    ["no expression", {}],
    ["a column that the description lacks", ["nope"]],
    ["a column of the key", ["id"]],
    ["an expression for the key", { id: sql`1` }],
    ["a text for an expression", { words: "words + 1" }],
    ["undefined for an expression", { words: undefined }],
    ["a property of every object", ["constructor"]],
  ])("of %s is refused", (_, what) => {
    expect(() => update(essays, wrong(what))).toThrow(UsageError);
  });
});

describe("a job", () => {
  const definition = {
    name: "count-words",
    source: rowsOf(essays),
    transform: () => skip(),
    sink: update(essays, ["words"]),
  };

  test.each(["", "Count", "count_words", "-count", "count-", "count--words", "zähle", "a b", "a".repeat(64)])(
    "named %j is refused",
    (name) => {
      expect(() => defineJob({ ...definition, name })).toThrow(/is not a job's name/);
    },
  );

  test.each([
    ["without a transform", { transform: undefined }],
    ["with a negative reject limit", { rejectLimit: -1 }],
    ["with a fractional reject limit", { rejectLimit: 0.5 }],
    ["with a batch time below 10 ms", { pace: { batchTime: "9ms" } }],
    ["with a batch time above 5 s", { pace: { batchTime: "6s" } }],
    ["with a batch time without a unit", { pace: { batchTime: "250" } }],
  ])("%s is refused", (_, mistake) => {
    expect(() => defineJob(wrong({ ...definition, ...mistake }))).toThrow(UsageError);
  });

  test("is frozen and knows its kind", () => {
    const rowJob = defineJob(definition);
    const sqlJob = defineSqlJob({
      name: "count",
      source: rowsOf(essays),
      sink: update(essays, { words: sql`1` }),
    });
    expect([rowJob.kind, sqlJob.kind]).toEqual(["row job", "sql job"]);
    expect([rowJob, sqlJob].every(Object.isFrozen)).toBe(true);
    expect(rowJob).toMatchObject({ batchTimeMs: 250, rejectLimit: 100, parameters: {} });
  });
});

describe("a mistyped name is refused, since no compiler may look", () => {
  const things = table("things", { key: "id", columns: { id: "bigint", n: "integer" } });
  const one = {
    name: "one",
    source: rowsOf(things),
    transform: () => ({ n: 1 }),
    sink: update(things, ["n"]),
  };

  test.each<[string, () => unknown, string]>([
    ["a job", () => defineJob({ ...one, rejectlimit: 5 } as never), 'Job one has "rejectlimit"'],
    ["a pace", () => defineJob({ ...one, pace: { rows: 5 } } as never), 'The pace of job one has "rows"'],
    ["an SQL job", () => defineSqlJob({ ...one, transform: () => ({}) } as never), 'Job one has "transform"'],
    ["steps", () => defineSteps({ name: "one", expands: [] } as never), 'Job one has "expands"'],
    ["rows", () => rowsOf(things, { wher: sql`true` } as never), 'rowsOf(things) has "wher"'],
    ["a table", () => table("t", { columns: {}, personaldata: [] } as never), 'Table t has "personaldata"'],
    [
      "an insert",
      () => insertInto(things, ["n"], { onconflict: {} } as never),
      'insertInto(things) has "onconflict"',
    ],
    ["a file", () => csvFile("a.csv", { columns: {}, head: true } as never), 'csvFile("a.csv") has "head"'],
  ])("in %s", (_, make, message) => {
    expect(make).toThrow(`${message}, which tidefill does not know.`);
  });
});
