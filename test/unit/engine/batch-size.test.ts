import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SteadyPace } from "../../../src/engine/batch/batch-pace.ts";
import { BatchSize } from "../../../src/engine/loop/batch-size.ts";

const targetMs = 250;

/** Brings a batch size down to `rows`. */
function sizeOf(rows: number): BatchSize {
  const size = new BatchSize(new SteadyPace(targetMs));
  while (size.rows > rows) size.shrink();
  return size;
}

const measured = fc.oneof(
  fc.record({
    share: fc.double({ min: 0, max: 1, noNaN: true }),
    milliseconds: fc.double({ min: 0, max: 60_000, noNaN: true }),
  }),
  fc.constant("shrink" as const),
);

describe("the batch size", () => {
  test("stays a whole number from 1 to 100,000 and never grows by more than half, whatever it measures", () => {
    fc.assert(
      fc.property(
        fc.array(measured, { maxLength: 100 }),
        fc.integer({ min: 10, max: 5_000 }),
        (history, target) => {
          const size = new BatchSize(new SteadyPace(target));
          for (const each of history) {
            const before = size.rows;
            if (each === "shrink") size.shrink();
            else size.observe(Math.round(before * each.share), each.milliseconds);
            expect(Number.isInteger(size.rows)).toBe(true);
            expect(size.rows).toBeGreaterThanOrEqual(1);
            expect(size.rows).toBeLessThanOrEqual(Math.min(100_000, Math.ceil(before * 1.5)));
            if (each === "shrink") expect(size.rows).toBe(Math.max(1, Math.floor(before / 2)));
          }
        },
      ),
    );
  });

  test("shrinks at once to what fits the time, however far over it was", () => {
    const size = new BatchSize(new SteadyPace(targetMs));
    size.observe(500, 10 * targetMs);
    expect(size.rows).toBe(50);
    size.observe(50, 50 * targetMs);
    expect(size.rows).toBe(1);
  });

  test("shrinks when a shortened batch still took too long", () => {
    const size = new BatchSize(new SteadyPace(targetMs));
    size.observe(10, 2 * targetMs);
    expect(size.rows).toBe(5);
  });

  test("ignores the few rows at the end of a range", () => {
    const size = new BatchSize(new SteadyPace(targetMs));
    size.observe(3, 5);
    size.observe(0, 5);
    expect(size.rows).toBe(100);
  });

  test("grows again from 1", () => {
    const size = sizeOf(1);
    const seen = Array.from({ length: 40 }, () => {
      size.observe(size.rows, 0.01);
      return size.rows;
    });
    expect(seen.slice(0, 5)).toEqual([2, 3, 5, 8, 12]);
    expect(seen.at(-1)).toBe(100_000);
  });

  test("settles near the target where rows cost the same", () => {
    fc.assert(
      fc.property(fc.double({ min: 0.01, max: 200, noNaN: true }), (msPerRow) => {
        const size = new BatchSize(new SteadyPace(targetMs));
        for (let batch = 0; batch < 60; batch += 1) size.observe(size.rows, size.rows * msPerRow);
        const fitting = Math.min(100_000, Math.max(1, targetMs / msPerRow));
        expect(size.rows).toBeGreaterThanOrEqual(Math.floor(fitting * 0.9));
        expect(size.rows).toBeLessThanOrEqual(Math.ceil(fitting * 1.1));
      }),
    );
  });
});
