import type { RunReport } from "../engine/report/run-report.ts";
import { isFinished } from "../store/runs/run-status.ts";

/** The commands that take something away which this run did or keeps, a line each. */
export function takingAway({ run, job, kind, status, undoneBy, rows }: RunReport): readonly string[] {
  if (kind !== "run") return [];
  const isDone = isFinished(status);
  return [
    ...(isDone && undoneBy === null && rows.written > 0
      ? [`Take back what it wrote: tidefill undo ${run}`]
      : []),
    ...(status === "succeeded" && undoneBy === null
      ? [`Remove what the job no longer needs, where it has such steps: tidefill contract ${job}`]
      : []),
    ...(isDone ? ["Remove finished runs after their time: tidefill purge --dry-run"] : []),
  ];
}
