import pg from "pg";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { withRetries } from "../../../src/postgres/transaction/with-retries.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** An error of PostgreSQL's. */
function failure(sqlstate: string): pg.DatabaseError {
  return Object.assign(new pg.DatabaseError(sqlstate, 0, "error"), { code: sqlstate });
}

/** The result of work that fails with these in order, the last one repeatedly, and how often it was tried. */
async function outcome(mostFailures: number, ...sqlstates: readonly string[]) {
  const told: number[] = [];
  const done = withRetries(async (failures) => {
    told.push(failures);
    const sqlstate = sqlstates[failures] ?? sqlstates.at(-1);
    if (sqlstate !== "00000") throw failure(sqlstate ?? "");
    return "done";
  }, mostFailures).catch((error: pg.DatabaseError) => error.code);
  await vi.runAllTimersAsync();
  return { outcome: await done, told };
}

test("work that fails for a passing reason is retried, and told how often it has failed", async () => {
  expect(await outcome(3, "40001", "08006", "00000")).toEqual({ outcome: "done", told: [0, 1, 2] });
});

test("work that fails as often as allowed is given up", async () => {
  expect(await outcome(3, "08006")).toEqual({ outcome: "08006", told: [0, 1, 2] });
});

test("a failure that does not pass is not retried", async () => {
  expect(await outcome(3, "42601")).toEqual({ outcome: "42601", told: [0] });
});

test("a lock is waited for longer than anything else, but not for ever", async () => {
  const { outcome: code, told } = await outcome(3, "55P03");
  expect(code).toBe("55P03");
  expect(told.length).toBeGreaterThan(5);
});
