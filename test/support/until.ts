import { setTimeout as delay } from "node:timers/promises";

interface UntilOptions {
  /** What is waited for, for the error message. */
  readonly describe: string;
  readonly timeoutMs?: number;
  readonly everyMs?: number;
}

const undefinedTable = "42P01";

/**
 * Waits for a condition, and returns its first truthy value; throws with the description after the time
 * limit. A table that is not there yet counts as not fulfilled: the run that is waited for makes its tables.
 */
export async function until<T>(
  condition: () => Promise<T | undefined | false | null>,
  { describe, timeoutMs = 60_000, everyMs = 25 }: UntilOptions,
): Promise<T> {
  let cause: unknown;
  const ask = () =>
    condition().catch((error: { readonly code?: unknown }) => {
      if (error?.code !== undefinedTable) throw error;
      cause = error;
      return null;
    });
  for (const deadline = Date.now() + timeoutMs; ; await delay(everyMs)) {
    const value = await ask();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`Waited ${timeoutMs} ms in vain: ${describe}`, { cause });
  }
}
