import { longestName } from "../postgres/transaction-settings.ts";

/** What `pg_stat_activity` shows of a batch; where that would be too long, the job's name gives way. */
export function batchName(job: string, run: bigint, range: bigint): string {
  const which = ` run ${run} range ${range}`;
  return `tidefill ${job.slice(0, longestName - "tidefill ".length - which.length)}${which}`;
}
