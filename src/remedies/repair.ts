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
    return `Every row differs. A job that works on its own result (n = n + 1) always differs: check it by an integrity query instead. Otherwise undo the run: tidefill undo ${job}   then do it again: tidefill run ${job} --again`;
  return [
    `Repair them: tidefill run ${job} --again   It does the rows again for which pending is true, and all rows of a job without pending.`,
    "If pending is false for these rows, first make it true: set the column that it asks about to null, or to what it was.",
    `If doing a row twice does not give the same, undo the run first, which leaves rows alone that have changed since: tidefill undo ${job}   or restore a backup: tidefill backup restore <dir>`,
  ].join(" ");
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
