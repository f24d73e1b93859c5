import { classifyFailure } from "../postgres/failure.ts";

/** A few tries, for what must not fail only because somebody held a lock or a connection was cut. */
export async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      const { action } = classifyFailure(error);
      if (tries >= 3 || (action !== "retry" && action !== "shrink")) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100 * tries));
    }
  }
}
