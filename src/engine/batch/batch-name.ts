import { longestName } from "../../postgres/connection/transaction-limits.ts";

/** How the names of all batches of a run begin. */
export function batchesOf(job: string, run: bigint): string {
  return batchName(job, run, 0n).slice(0, -1);
}

/** What `pg_stat_activity` shows of a batch; where that would be too long, the job's name gives way. */
export function batchName(job: string, run: bigint, range: bigint): string {
  const which = ` run ${run} range ${range}`;
  return `tidefill ${job.slice(0, longestName - "tidefill ".length - which.length)}${which}`;
}
