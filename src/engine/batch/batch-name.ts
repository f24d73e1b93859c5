import { longestName } from "../../postgres/connection/transaction-limits.ts";

/** The prefix of the names of all batches of a run. */
export function batchesOf(job: string, run: bigint): string {
  return batchName(job, run, 0n).slice(0, -1);
}

/** The name of a batch in `pg_stat_activity`. Where it would be too long, the job's name is cut. */
export function batchName(job: string, run: bigint, range: bigint): string {
  const which = ` run ${run} range ${range}`;
  return `tidefill ${job.slice(0, longestName - "tidefill ".length - which.length)}${which}`;
}
