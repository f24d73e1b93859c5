import type { RunReport } from "../engine/report/run-report.ts";

/** Rows on the list of a run: rejects, for a verify its differences, and for an undo its conflicts. */
export function listedRows({ kind, rows }: Pick<RunReport, "kind" | "rows">): number {
  return rows.rejected + rows.swallowed + (kind === "run" ? 0 : rows.conflicted);
}
