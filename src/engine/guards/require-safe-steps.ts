import { RefusedError } from "../../errors.ts";
import type { Job } from "../../job/definition/define-job.ts";
import { refusalsOfSteps } from "../../plan/find-unsafe-sql.ts";

/**
 * Refuses a job with a step that would harm a live table, before its first statement.
 * @throws RefusedError with the first reason, and the other reasons below it
 */
export async function requireSafeSteps(job: Job): Promise<void> {
  const [first, ...rest] = await refusalsOfSteps(job);
  if (first === undefined) return;
  const more = rest.map(({ message }) => `\n${message}`).join("");
  throw new RefusedError("sql-is-safe", `${first.message}${more}`, first.remedy);
}

/** The refusal of `requireSafeSteps` as text; null without one. */
export async function whyUnsafe(job: Job): Promise<string | null> {
  return requireSafeSteps(job).then(
    () => null,
    (error: unknown) => {
      if (error instanceof RefusedError) return `${error.message} ${error.remedy ?? ""}`.trim();
      throw error;
    },
  );
}
