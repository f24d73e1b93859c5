import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { segmentRows, slice } from "../../../src/engine/loop/slice.ts";
import { canary, stages } from "../../../src/job/pace/rollout.ts";

const rising = fc
  .array(fc.integer({ min: 1, max: 99 }), { maxLength: 5 })
  .map((percents) => [...[...new Set(percents)].sort((a, b) => a - b).map((percent) => percent / 100), 1]);

describe("the slices of a rollout", () => {
  test("have about the share of each stage, and each stage has at least a row", () => {
    fc.assert(
      fc.property(rising, fc.integer({ min: 1, max: 100_000 }), fc.boolean(), (shares, rows, isFirst) => {
        const slices = slice(rows, shares, isFirst);
        expect(slices.map(({ stage }) => stage).toSorted((a, b) => a - b)).toEqual(
          shares.map((_, stage) => stage),
        );
        for (const { stage, rows: size } of slices) {
          const wanted = rows * ((shares[stage] ?? 0) - (shares[stage - 1] ?? 0));
          expect(Math.abs(size - wanted)).toBeLessThanOrEqual(1);
          expect(size).toBeGreaterThanOrEqual(1);
        }
      }),
    );
  });

  test("begin with the first stage, so that a canary is never empty; later stages come in any order", () => {
    expect(slice(1_000, [0.01, 1], true).map(({ stage }) => stage)).toEqual([0, 1]);
    const orders = new Set(
      Array.from({ length: 200 }, () =>
        slice(1_000, [0.01, 0.1, 1], false)
          .map(({ stage }) => stage)
          .join(),
      ),
    );
    expect(orders.size).toBe(6);
  });

  test("are cut from ranges that spread a canary over the table", () => {
    expect(segmentRows(100_000, 200_000, [1])).toBe(100_000);
    expect(segmentRows(100_000, 200_000, [0.01, 1])).toBe(20_000);
    expect(segmentRows(100_000, 50, [0.01, 1])).toBe(100);
    expect(segmentRows(100_000, 100_000_000, [0.01, 1])).toBe(100_000);
  });
});

describe("a rollout", () => {
  test("may be a share or a number of rows", () => {
    expect(canary("1%", 1_000).shares).toEqual([0.01, 1]);
    expect(canary("5000 rows", 1_000_000).shares).toEqual([0.005, 1]);
    expect(canary("5,000", 1_000_000).shares).toEqual([0.005, 1]);
    expect(canary("5000", 100).shares).toEqual([1]);
  });

  test.each(["0%", "101%", "1", "abc", "-1%", ""])("refuses the canary %j unless it is valid", (text) => {
    if (text === "1") expect(canary(text, 100).shares).toEqual([0.01, 1]);
    else expect(() => canary(text, 100)).toThrow(/is not a part of the rows/);
  });

  test("must rise to 100%", () => {
    expect(stages("1%,10%,100%").shares).toEqual([0.01, 0.1, 1]);
    expect(stages("1%, 10%, 100%", "5m").soakMs).toBe(300_000);
    for (const wrong of ["1%,10%", "10%,1%,100%", "100%,100%"])
      expect(() => stages(wrong)).toThrow(/do not rise to 100%/);
  });
});
