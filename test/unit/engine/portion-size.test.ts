import { expect, test } from "vitest";
import { PortionSize } from "../../../src/engine/rows/portion-size.ts";

function after(...rows: readonly number[]): number {
  const portion = new PortionSize();
  for (const bytes of rows) {
    portion.saw(bytes);
    portion.next();
  }
  return portion.rows;
}

test("begins with a few rows and grows while rows are small", () => {
  expect(new PortionSize().rows).toBe(32);
  expect(after(100)).toBe(128);
  expect(after(100, 100, 100)).toBe(2_000);
});

test("one wide row makes all later portions small, and a portion of one row may be of any width", () => {
  expect(after(100, 2_000_000)).toBe(1);
  expect(after(500_000, 100, 100)).toBe(2);
});
