import { alignColumns } from "./align-columns.ts";
import type { ListedJob } from "./list-jobs.ts";
import { visible } from "./visible.ts";

/** What a table of jobs says of each, in `jobCells`' order. */
export const jobHeading = ["JOB", "KIND", "RUN", "STATE", "SINCE"] as const;

/** One job as a row of a table. */
export function jobCells(row: ListedJob): string[] {
  return [
    row.job,
    row.kind,
    row.lastRun === null ? "–" : String(row.lastRun.run),
    stateShown(row),
    (row.lastRun?.finishedAt ?? row.lastRun?.startedAt ?? "–").replace(/\..*$/, ""),
  ];
}

/** Jobs as a table, and below it why some of them wait, since no column is wide enough. */
export function describeJobs(rows: readonly ListedJob[]): string {
  const waiting = rows.flatMap(({ job, waiting: waits }) =>
    waits === null ? [] : [visible(`${job}, ${waits.what} → ${waits.remedy}`)],
  );
  return [alignColumns([jobHeading, ...rows.map(jobCells)]), ...waiting].join("\n");
}

function stateShown({ state, changedSince, standing, openSteps, lastRun }: ListedJob): string {
  if (state === "undone")
    return [`undone by run ${lastRun?.undoneBy}`, ...standing.map((run) => `run ${run} is not undone`)].join(
      ", ",
    );
  const isOpen = state === "succeeded" && openSteps.length > 0;
  return [
    state,
    ...(changedSince.length > 0 ? ["changed since"] : []),
    ...(isOpen ? [`${openSteps.length} step${openSteps.length === 1 ? "" : "s"} open`] : []),
  ].join(", ");
}
