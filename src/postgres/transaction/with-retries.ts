import { defaultLimits } from "../connection/transaction-limits.ts";
import { classifyFailure } from "../failure/failure.ts";

/** Longer than a frozen client can hold a lock: by then the server has ended its transaction. */
const lockPatienceMs = defaultLimits.idleMs + 10_000;
const firstDelayMs = 100;
const longestDelayMs = 5_000;

/**
 * Retries work that failed for a passing reason: a lock that another session holds, a lost connection. The
 * work must be repeatable; it gets the number of failures, so that it can ask for less.
 * @throws what does not pass, or failed `mostFailures` times; locks are waited for as long as a frozen client
 * can hold one
 */
export async function withRetries<T>(work: (failures: number) => Promise<T>, mostFailures = 8): Promise<T> {
  const begun = performance.now();
  for (let failures = 0; ; failures += 1) {
    try {
      return await work(failures);
    } catch (error) {
      const { action, reason } = classifyFailure(error);
      const isLock = reason === "lock" && performance.now() - begun < lockPatienceMs;
      const mayPass = (action === "retry" || action === "shrink") && (isLock || failures + 1 < mostFailures);
      if (!mayPass) throw error;
      const delayMs = Math.min(longestDelayMs, firstDelayMs * 2 ** failures) * (0.5 + Math.random() / 2);
      await new Promise((resolve) => setTimeout(resolve, delayMs));
    }
  }
}
