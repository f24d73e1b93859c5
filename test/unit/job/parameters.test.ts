import { UsageError } from "tidefill";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import {
  type ParameterSpec,
  parametersToJson,
  readParameters,
} from "../../../src/job/definition/parameters.ts";

/** What a resumed run would read: the store keeps the given values as JSON. */
async function resumed(spec: ParameterSpec, given: Readonly<Record<string, unknown>>): Promise<object> {
  return readParameters(spec, JSON.parse(parametersToJson(spec, given)));
}

describe("parameters by type", () => {
  test.each([
    ["bigint", "9007199254740993", 9007199254740993n],
    ["bigint", "-5", -5n],
    ["integer", "+7", 7],
    ["double precision", "1.5e3", 1500],
    ["double precision", "-Infinity", Number.NEGATIVE_INFINITY],
    ["boolean", "false", false],
    ["boolean", "t", true],
    ["text", "", ""],
    ["timestamptz", "2024-01-01 00:00:00.000001+00", "2024-01-01 00:00:00.000001+00"],
    ["bytea", "\\x00ff", Buffer.from([0, 255])],
    ["jsonb", '{"a":1}', { a: 1 }],
    ["bigint[]", "{1,2}", [1n, 2n]],
    ["integer?", "5", 5],
  ] as const)("a %s is read from the text %j", async (type, text, value) => {
    expect(await readParameters({ p: type }, { p: text })).toEqual({ p: value });
  });

  test.each([
    ["bigint", 5n],
    ["bigint", -9007199254740993n],
    ["integer", 5],
    ["text", "5"],
    ["boolean", false],
    ["jsonb", { a: [1, null] }],
    ["text[]", ["a", null, "b"]],
    ["integer?", null],
  ] as const)("a %s given as %o is the same after a resume", async (type, value) => {
    const before = await readParameters({ p: type }, { p: value });
    expect(before).toEqual({ p: value });
    expect(await resumed({ p: type }, { p: value })).toEqual(before);
  });

  test.each([
    ["bytea", Buffer.from([0, 255])],
    ["bigint[]", [1n, 2n]],
    ["double precision", Number.POSITIVE_INFINITY],
    ["double precision", Number.NaN],
  ] as const)("a %s given as %o is the same after a resume", async (type, value) => {
    expect(await readParameters({ p: type }, { p: value })).toEqual({ p: value });
    expect(await resumed({ p: type }, { p: value })).toEqual({ p: value });
  });

  test("that may be null are null when they are not given", async () => {
    expect(await readParameters({ a: "integer?", b: "text?" }, { b: undefined })).toEqual({
      a: null,
      b: null,
    });
  });

  test("are frozen", async () => {
    expect(Object.isFrozen(await readParameters({ a: "integer" }, { a: 1 }))).toBe(true);
  });

  test.each([
    ["bigint", "1.5"],
    ["bigint", ""],
    ["bigint", "1e3"],
    ["bigint", 5],
    ["integer", "five"],
    ["integer", 5n],
    ["real", " "],
    ["boolean", "yes"],
    ["text", 5],
    ["jsonb", "{a}"],
    ["bigint[]", "{a}"],
    ["text[]", "a,b"],
    ["text", new Date(0)],
    ["text", null],
  ] as const)("a %s refuses %o and names the parameter", async (type, value) => {
    const reading = readParameters({ since: type }, { since: value });
    await expect(reading).rejects.toThrow(UsageError);
    await expect(reading).rejects.toThrow(/\n {2}since: /);
  });

  // A fault in src: such a value is accepted, and the run starts. A text is not checked at all, unlike a
  // row's.
  test.fails.each([
    ["integer", 1.5],
    ["smallint", "40000"],
    ["bigint", "9223372036854775808"],
    ["text", "a\0b"],
    ["text", "\ud800"],
  ] as const)("a %s refuses %o, which no such column can hold", async (type, value) => {
    await expect(readParameters({ p: type }, { p: value })).rejects.toThrow(UsageError);
  });

  test("with several mistakes are refused with all of them at once", async () => {
    const spec = { from: "bigint", to: "date", label: "text", fine: "integer" } as const;
    const reading = readParameters(spec, { from: "x", label: 5, fine: 1, lable: "y" });
    const message = await reading.then(String, (error: Error) => error.message);
    expect(message.split("\n")).toEqual([
      "The parameters do not fit the job:",
      "  lable: this job has no such parameter",
      "  from: the given value is not a bigint",
      "  to: missing, give it with --param to=…",
      expect.stringMatching(/^ {2}label: .*number/),
    ]);
  });
});

describe("parameters by a Standard Schema", () => {
  const spec = z.object({ since: z.string().regex(/^\d{4}$/), limit: z.coerce.number().int().default(10) });

  test("are what the schema makes of them, also after a resume", async () => {
    expect(await readParameters(spec, { since: "2024", limit: "5" })).toEqual({ since: "2024", limit: 5 });
    expect(await resumed(spec, { since: "2024" })).toEqual({ since: "2024", limit: 10 });
  });

  test("with several mistakes are refused with all of them at once, and with their places", async () => {
    const nested = z.object({ since: z.string(), range: z.object({ to: z.number() }) });
    const reading = readParameters(nested, { range: { to: "x" } });
    await expect(reading).rejects.toThrow(UsageError);
    await expect(reading).rejects.toThrow(/\n {2}since: .*\n {2}range\.to: /s);
  });

  test("may be checked asynchronously", async () => {
    const slow = spec.refine(async ({ since }) => since !== "1999", "too long ago");
    await expect(readParameters(slow, { since: "1999" })).rejects.toThrow(/too long ago/);
    expect(await readParameters(slow, { since: "2024" })).toEqual({ since: "2024", limit: 10 });
  });

  test("name a place that a schema gives as an object", async () => {
    const schema: ParameterSpec = {
      "~standard": {
        version: 1,
        vendor: "test",
        validate: () => ({ issues: [{ message: "too old", path: [{ key: "since" }] }] }),
      },
    };
    await expect(readParameters(schema, {})).rejects.toThrow(/since: too old/);
  });

  test("name the whole where the whole is wrong", async () => {
    await expect(readParameters(spec.strict(), { since: "2024", until: "2025" })).rejects.toThrow(
      /parameters: /,
    );
  });

  test.each([() => 1, Symbol("a")])("refuse %o, which cannot be kept", (value) => {
    expect(() => parametersToJson(spec, { p: value })).toThrow(/cannot be stored for a resume/);
  });
});
