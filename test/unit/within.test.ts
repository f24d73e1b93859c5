import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { within } from "../../src/within.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const after = (milliseconds: number): Promise<string> =>
  new Promise((resolve) => setTimeout(() => resolve("done"), milliseconds));

test("an answer in time is returned, and leaves no timer behind", async () => {
  const answer = within(100, after(50));
  await vi.advanceTimersByTimeAsync(50);
  expect(await answer).toBe("done");
  expect(vi.getTimerCount()).toBe(0);
});

test("a later answer gives undefined", async () => {
  const answer = within(100, after(150));
  await vi.advanceTimersByTimeAsync(100);
  expect(await answer).toBeUndefined();
});

test("an error in time is thrown", async () => {
  await expect(within(100, Promise.reject(new Error("refused")))).rejects.toThrow("refused");
  expect(vi.getTimerCount()).toBe(0);
});
