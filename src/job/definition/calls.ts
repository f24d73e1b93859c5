import { UsageError } from "../../errors.ts";

/** How an async transform calls other systems. */
export interface Calls {
  /** rows that a process transforms at once, across all its workers; 16 for each worker when absent */
  readonly atOnce?: number;
}

/** @throws UsageError that says which values are allowed */
export function checkCalls(job: string, calls: Calls): Calls {
  const { atOnce } = calls;
  if (atOnce === undefined || (Number.isInteger(atOnce) && atOnce >= 1 && atOnce <= 1_000))
    return { ...calls };
  throw new UsageError(
    `\`calls.atOnce\` of job ${job} must be a whole number from 1 to 1,000, got ${String(atOnce)}.`,
    { remedy: "Write calls: { atOnce: 8 }; without it, 16 for each worker." },
  );
}
