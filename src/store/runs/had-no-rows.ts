import type { Run } from "./run.ts";

/** What stands in the place of a key's order in a run that has no rows. */
export const noRows = "steps";

/** Whether a run was of a job of steps alone. */
export function hadNoRows({ keyFingerprint }: Run): boolean {
  return keyFingerprint === noRows;
}
