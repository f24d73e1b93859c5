import { expect, test } from "vitest";
import { LoopTurn } from "../../../src/engine/rows/loop-turn.ts";

function compute(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

test("of several workers whose turns are over, one goes on each time that the process has read answers", async () => {
  let looks = 0;
  let next = setImmediate(function look() {
    looks += 1;
    next = setImmediate(look);
  });
  const turns = [1, 2, 3].map(() => new LoopTurn());
  compute(6);
  const seen = await Promise.all(
    turns.map(async (turn) => {
      const now = performance.now();
      expect(turn.isOver(now)).toBe(true);
      await turn.pass(now);
      return looks;
    }),
  );
  clearImmediate(next);
  expect(new Set(seen).size).toBe(3);
});

test("the work of a turn is counted without the turns of other workers, and the time that has passed with them", async () => {
  const turn = new LoopTurn();
  compute(6);
  const passing = turn.pass(performance.now());
  compute(20);
  await passing;
  const now = performance.now();
  expect(turn.passedMs(now) - turn.workedMs(now)).toBeGreaterThanOrEqual(20);
  expect(turn.workedMs(now)).toBeGreaterThanOrEqual(6);
});
