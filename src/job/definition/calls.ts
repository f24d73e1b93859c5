import { UsageError } from "../../errors.ts";

/** How an async transform calls other systems. */
export interface Calls {
  /** rows that a process transforms at once, all its workers together; 16 for each worker when absent */
  readonly atOnce?: number;
}

/** @throws UsageError naming what it may be */
export function checkCalls(job: string, calls: Calls): Calls {
  const { atOnce } = calls;
  if (atOnce === undefined || (Number.isInteger(atOnce) && atOnce >= 1 && atOnce <= 1_000))
    return { ...calls };
  throw new UsageError(
    `\`calls.atOnce\` of job ${job} must be a whole number from 1 to 1,000, got ${String(atOnce)}.`,
    { remedy: "Write calls: { atOnce: 8 }; left out, it is 16 for each worker." },
  );
}
