/** @module-tag quick */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Page, root } from "./markdown.ts";

const promises = [...new Page("docs/guarantees.md").prose.matchAll(/^\| (\d+) \| (.*) \| (.*) \|$/gm)].map(
  ([, number = "", , links = ""]) =>
    [number, [...links.matchAll(/\(\.\.\/(test\/[^)]+)\)/g)].map(([, file = ""]) => file)] as const,
);

test("the promises are numbered one after the other", () => {
  expect(promises.map(([number]) => Number(number))).toEqual(promises.map((_, index) => index + 1));
  expect(promises.length).toBeGreaterThanOrEqual(30);
});

test.each(promises)("npm test shows promise %s", (_, files) => {
  const shown = files.filter((file) => readFileSync(join(root, file), "utf8").includes('tags: ["promise"]'));
  expect(shown).not.toEqual([]);
});
