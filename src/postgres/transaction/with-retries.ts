import { defaultLimits } from "../connection/transaction-limits.ts";
import { classifyFailure } from "../failure/failure.ts";

/** A client that froze while it held a lock has its transaction ended by the server before that. */
const lockPatienceMs = defaultLimits.idleMs + 10_000;

/** A few tries, for what must not fail only because somebody held a lock or a connection was cut. */
export async function withRetries<T>(work: () => Promise<T>): Promise<T> {
  const begun = performance.now();
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      const { action, reason } = classifyFailure(error);
      const isPatient = reason === "lock" ? performance.now() - begun < lockPatienceMs : tries < 3;
      if (!isPatient || (action !== "retry" && action !== "shrink")) throw error;
      await new Promise((resolve) => setTimeout(resolve, Math.min(1_000, 100 * tries)));
    }
  }
}
