/** @module-tag quick */
import { expect, test } from "vitest";
import { patternOf, shapeOf } from "../documents/session.ts";

test("what a page shows of a session fits another run of it, with one worker or many", () => {
  const shown = "fill  53.3 %  533,736 of ~999,776 rows  61,079 rows/s  7.6 s left  4 workers × 5,678 rows";
  const slow = "fill  1 %  1 of ~40,000 rows  1 rows/s  2 min 3 s left  1 worker × 1 row";
  const another = "copy  1 %  1 of ~40,000 rows  1 rows/s  2 min 3 s left  1 worker × 1 row";
  expect(`${shapeOf(slow)}\n`).toMatch(patternOf([shown]));
  expect(`${shapeOf("2 batches of 1 essay")}\n`).toMatch(patternOf(["1 batch of 3 essays"]));
  expect(`${shapeOf(another)}\n`).not.toMatch(patternOf([shown]));
});
