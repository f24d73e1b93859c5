import { expect, test } from "vitest";
import { batchName } from "../../../src/engine/batch/batch-name.ts";

test.each([
  ["fill", 7n, 42n, "tidefill fill run 7 range 42"],
  ["f".repeat(63), 7n, 42n, `tidefill ${"f".repeat(39)} run 7 range 42`],
  ["f".repeat(63), 1_234_567n, 98_765_432_109n, `tidefill ${"f".repeat(24)} run 1234567 range 98765432109`],
])("the batch of %s shows its run %d and its range %d", (job, run, range, name) => {
  expect(batchName(job, run, range)).toBe(name);
  expect(name.length).toBeLessThanOrEqual(63);
});
