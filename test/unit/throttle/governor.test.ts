import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Governor } from "../../../src/throttle/governor.ts";
import type { Reading } from "../../../src/throttle/signal.ts";

const reading = (utilization: number, signal: Reading["signal"] = "replication lag"): Reading => ({
  signal,
  utilization,
  reason: `${signal} ${utilization}`,
});

/** The level after each of these utilizations, one second apart. */
function levels(governor: Governor, utilizations: readonly number[]): number[] {
  return utilizations.map((utilization, second) => {
    governor.learn([reading(utilization)], second * 1_000);
    return governor.level;
  });
}

describe("a governor", () => {
  test("leaves a run alone while no signal is strained", () => {
    const governor = new Governor();
    expect(levels(governor, [0, 0.2, 0.5])).toEqual([1, 1, 1]);
    expect(governor.heldBackBy).toBeNull();
  });

  test("slows down at once, more the nearer the limit, and holds at the limit", () => {
    const [half, most, held] = levels(new Governor(), [0.75, 0.95, 1]);
    expect(half).toBeCloseTo(0.502);
    expect(most).toBeCloseTo(0.1036);
    expect(held).toBe(0);
  });

  test("recovers gradually: a tenth a second", () => {
    const found = levels(new Governor(), [1.2, 0, 0, 0, 0]);
    expect(found.map((level) => Math.round(level * 1_000) / 1_000)).toEqual([0, 0.003, 0.103, 0.203, 0.303]);
  });

  test("does not oscillate around the limit: a held run goes on only when the utilization is clearly below it", () => {
    expect(levels(new Governor(), [1, 0.99, 1.01, 0.85, 0.99])).toEqual([0, 0, 0, 0, 0]);
  });

  test("is not kept stopped by a signal that alone never stops a run", () => {
    const governor = new Governor();
    const busy = reading(0.95, "processor");
    governor.learn([reading(1.2, "stop file"), busy], 0);
    expect([governor.level, governor.heldBackBy?.signal]).toEqual([0, "stop file"]);
    governor.learn([reading(0.9, "stop file"), busy], 1_000);
    expect([governor.level, governor.heldBackBy?.signal]).toEqual([0, "stop file"]);
    governor.learn([busy], 2_000);
    expect(governor.heldBackBy?.signal).toBe("processor");
    expect(governor.level).toBeCloseTo(0.003, 3);
  });

  test("is held by any signal that still holds, whichever began", () => {
    const governor = new Governor();
    governor.learn([reading(1.5, "archiver"), reading(1.1, "wal")], 0);
    governor.learn([reading(0.2, "archiver"), reading(0.9, "wal")], 1_000);
    expect([governor.level, governor.heldBackBy?.signal]).toEqual([0, "wal"]);
    governor.learn([reading(0.2, "archiver"), reading(0.7, "wal")], 2_000);
    expect(governor.level).toBeGreaterThan(0);
  });

  test("names the strongest reason, and none once it is gone", () => {
    const governor = new Governor();
    governor.learn([reading(0.6, "active sessions"), reading(1.5, "archiver")], 0);
    expect(governor.heldBackBy?.signal).toBe("archiver");
    governor.learn([reading(0.1)], 1_000);
    expect(governor.heldBackBy).toBeNull();
  });

  test("never works at or above the limit, and never stops for ever below it", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 2, noNaN: true }), { maxLength: 50 }), (utilizations) => {
        const governor = new Governor();
        levels(governor, utilizations).forEach((level, at) => {
          expect(level).toBeGreaterThanOrEqual(0);
          expect(level).toBeLessThanOrEqual(1);
          if ((utilizations[at] ?? 0) >= 1) expect(level).toBe(0);
        });
        governor.learn([], 1_000_000);
        governor.learn([], 2_000_000);
        expect(governor.level).toBe(1);
      }),
    );
  });
});
