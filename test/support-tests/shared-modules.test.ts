/** @module-tag quick */
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

test("a module that test files share has no hooks of its own: they would belong to the first file only", () => {
  const shared = readdirSync("test", { recursive: true, encoding: "utf8" }).filter(
    (file) => /(?<!\.test|\.test-d)\.ts$/.test(file) && !file.endsWith("after-tests.ts"),
  );
  expect(shared.length).toBeGreaterThan(40);
  expect(
    shared.filter((file) => /^(?:before|after)(?:Each|All)\(/m.test(readFileSync(`test/${file}`, "utf8"))),
  ).toEqual([]);
});
