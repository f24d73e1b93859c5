import { RefusedError } from "../../errors.ts";
import type { Refusal } from "../../plan/open/check.ts";

/** The refusals of a piece of work, for a plan to show; empty where it passes. */
export async function refusalsOf(work: () => Promise<void>): Promise<readonly Refusal[]> {
  try {
    await work();
    return [];
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    return [{ check: error.check, message: error.message, remedy: error.remedy ?? "" }];
  }
}
