import { setTimeout as pause } from "node:timers/promises";
import { classifyFailure } from "../postgres/failure/failure.ts";

const mostFailures = 8;
const firstPauseMs = 100;
const longestPauseMs = 5_000;

/**
 * Does what may be done twice again when it failed for a passing reason: a lock that others hold, a lost connection.
 * `work` is told how often it has failed, so that it can ask for less.
 */
export async function withRetries<T>(work: (failures: number) => Promise<T>): Promise<T> {
  for (let failures = 0; ; failures += 1) {
    try {
      return await work(failures);
    } catch (error) {
      const { action } = classifyFailure(error);
      if ((action !== "retry" && action !== "shrink") || failures + 1 === mostFailures) throw error;
      await pause(Math.min(longestPauseMs, firstPauseMs * 2 ** failures) * (0.5 + Math.random() / 2));
    }
  }
}
