import { setTimeout as delay } from "node:timers/promises";

interface UntilOptions {
  /** What is waited for, for the error message. */
  readonly describe: string;
  readonly timeoutMs?: number;
  readonly everyMs?: number;
}

/**
 * Waits for a condition, and returns its first truthy value; throws with the description after the time
 * limit.
 */
export async function until<T>(
  condition: () => Promise<T | undefined | false | null>,
  { describe, timeoutMs = 60_000, everyMs = 25 }: UntilOptions,
): Promise<T> {
  for (const deadline = Date.now() + timeoutMs; ; await delay(everyMs)) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`Waited ${timeoutMs} ms in vain: ${describe}`);
  }
}
