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
    ...(isDone ? ["Remove runs that have ended long ago, with their undo logs: tidefill purge"] : []),
    ...(rows.written > 0
      ? [
          "Remove the values of one person's row from all that is kept: tidefill erase --table <table> --key <key>",
        ]
      : []),
  ];
}
