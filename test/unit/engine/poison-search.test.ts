import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PoisonSearch } from "../../../src/engine/loop/poison-search.ts";

interface Outcome {
  readonly rejected: number[];
  readonly done: number[];
  /** refused batches */
  readonly refused: number;
  readonly attempts: number;
}

/** A range of `rows` rows, worked as the engine does: a batch with a poison row is refused as a whole. */
function work(rows: number, poison: ReadonlySet<number>, wanted: number): Outcome {
  const search = new PoisonSearch();
  const outcome = { rejected: [] as number[], done: [] as number[], refused: 0, attempts: 0 };
  for (let next = 0; next < rows; ) {
    if (outcome.attempts > 100 * (rows + 1)) throw new Error("The search goes round and round.");
    outcome.attempts += 1;
    const batch = Array.from(
      { length: Math.min(search.limit(wanted), rows - next) },
      (_, index) => next + index,
    );
    if (!batch.some((row) => poison.has(row))) {
      outcome.done.push(...batch);
      search.passed(batch.length);
      next += batch.length;
    } else {
      outcome.refused += 1;
      if (batch.length > 1) {
        search.failed(batch.length);
      } else {
        outcome.rejected.push(next);
        search.found();
        next += 1;
      }
    }
  }
  return outcome;
}

const histories = fc
  .record({
    rows: fc.integer({ min: 1, max: 600 }),
    wanted: fc.integer({ min: 1, max: 700 }),
    density: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .chain(({ rows, wanted, density }) =>
    fc.record({
      rows: fc.constant(rows),
      wanted: fc.constant(wanted),
      poison: fc.uniqueArray(fc.integer({ min: 0, max: rows - 1 }), {
        maxLength: Math.ceil(rows * density ** 3),
      }),
    }),
  );

describe("the search for poison rows", () => {
  test("rejects exactly the poison rows, whichever they are", () => {
    fc.assert(
      fc.property(histories, ({ rows, wanted, poison }) => {
        const { rejected, done } = work(rows, new Set(poison), wanted);
        const sorted = [...poison].sort((left, right) => left - right);
        expect(rejected).toEqual(sorted);
        expect(done).toEqual(
          Array.from({ length: rows }, (_, row) => row).filter((row) => !poison.includes(row)),
        );
      }),
      { numRuns: 300 },
    );
  });

  test("refuses no more than about log2 of the batch's rows for each poison row", () => {
    fc.assert(
      fc.property(histories, ({ rows, wanted, poison }) => {
        const { refused } = work(rows, new Set(poison), wanted);
        const perRow = Math.ceil(Math.log2(Math.min(rows, wanted))) + 2;
        expect(refused).toBeLessThanOrEqual(poison.length * perRow);
      }),
      { numRuns: 300 },
    );
  });

  test("returns to whole batches after the last poison row", () => {
    const { attempts } = work(100_000, new Set([17]), 500);
    expect(attempts).toBeLessThanOrEqual(100_000 / 500 + 2 * Math.ceil(Math.log2(500)) + 2);
  });

  test("ends when every row is poison", () => {
    const { rejected, attempts } = work(256, new Set(Array.from({ length: 256 }, (_, row) => row)), 256);
    expect(rejected).toHaveLength(256);
    expect(attempts).toBeLessThanOrEqual(256 + 2 * 8);
  });

  test("does nothing in a range without poison", () => {
    expect(work(1_000, new Set(), 300)).toMatchObject({ attempts: 4, refused: 0 });
  });
});
