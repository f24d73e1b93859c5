import { expect, test } from "vitest";
import { exceeds, type Moment, type RejectLimit } from "../../../src/job/definition/reject-limit.ts";

const standing = { rejects: 12, locked: 10, read: 2_000 };

test.each<[RejectLimit, Moment, boolean]>([
  [1, "reading", true],
  [2, "reading", false],
  [2, "before retries", false],
  [2, "at the end", true],
  [12, "at the end", false],
  ["0.05%", "reading", true],
  ["0.1%", "before retries", false],
  ["0.1%", "at the end", true],
  ["100%", "at the end", false],
])("a limit of %s with 2 rejects and 10 locked rows of 2,000, %s: %s", (limit, moment, isExceeded) => {
  expect(exceeds(limit, standing, moment)).toBe(isExceeded);
});

test("a share means nothing until a thousand rows are read", () => {
  const early = { ...standing, read: 999 };
  expect(exceeds("0%", early, "reading")).toBe(false);
  expect(exceeds("0%", early, "before retries")).toBe(true);
});
