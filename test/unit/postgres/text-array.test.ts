import { expect, test } from "vitest";
import { textArray } from "../../../src/postgres/sql/text-array.ts";

/** As PostgreSQL's `array_recv` reads it: dimensions, nulls, element type, length, lower bound, elements. */
function read(array: Buffer): readonly (string | null)[] {
  expect([array.readInt32BE(0), array.readInt32BE(8), array.readInt32BE(16)]).toEqual([1, 25, 1]);
  const texts: (string | null)[] = [];
  let at = 20;
  while (texts.length < array.readInt32BE(12)) {
    const bytes = array.readInt32BE(at);
    texts.push(bytes === -1 ? null : array.toString("utf8", at + 4, at + 4 + bytes));
    at += 4 + Math.max(0, bytes);
  }
  expect(at).toBe(array.length);
  expect(array.readInt32BE(4)).toBe(texts.includes(null) ? 1 : 0);
  return texts;
}

test.each([
  ["none", []],
  ["short ones", ["", "1", "-42", "(12,3)", "2026-11-30"]],
  ["a null", ["a", null, "b"]],
  ["short ones beyond ASCII", ["ä", "aä", "日本", "\u{1F600}", `${"x".repeat(23)}ß`]],
  ["long ones", ["x".repeat(24), "x".repeat(25), "ä".repeat(24), "日".repeat(25), "é".repeat(10_000)]],
])("%s", (_, texts) => {
  expect(read(textArray(texts))).toEqual(texts);
});
