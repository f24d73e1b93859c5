import type { RunKind } from "../store/runs/run.ts";

/** A verify that has found rows that are not as the job would make them. */
export interface Differing {
  readonly job: string;
  /** the run that was compared; null where the job has never run */
  readonly ofRun: number | bigint | null;
  /** rows compared, and those of them that differ; 0 where that is not known */
  readonly read: number;
  readonly differing: number;
}

/** How to repair rows in which a verify has found differences; a verify writes nothing. */
export function repairOf({ job, ofRun, read, differing }: Differing): string {
  if (ofRun === null) return `Do the work: tidefill run ${job}`;
  if (read > 1 && differing === read)
    return `Every row differs. A job that works on its own result (n = n + 1) always differs: check it by an integrity query instead. Otherwise undo the run and do it again: tidefill undo ${job} && tidefill run ${job}`;
  return `Repair them: tidefill run ${job} --again   if its pending finds these rows, or if it has no pending and doing a row twice gives the same; otherwise undo the run and do it again: tidefill undo ${job} && tidefill run ${job}   or restore a backup: tidefill backup restore <dir>`;
}

/** The same for the report of a run; null where it is no verify that has found differences. */
export function repairOfReport({
  kind,
  job,
  ofRun,
  rows: { read, conflicted },
}: Pick<Differing, "job" | "ofRun"> & {
  readonly kind: RunKind;
  readonly rows: { readonly read: number; readonly conflicted: number };
}): string | null {
  return kind === "verify" && conflicted > 0 ? repairOf({ job, ofRun, read, differing: conflicted }) : null;
}
