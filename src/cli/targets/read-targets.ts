import pLimit from "p-limit";
import { alignColumns } from "../../describe/align-columns.ts";
import { runCells, runHeading } from "../../describe/describe-runs.ts";
import type { RunReport } from "../../engine/report/run-report.ts";
import { messageOf } from "../../errors.ts";

import { toTidefillError } from "../terminal/to-tidefill-error.ts";

/** How many targets are looked at at once. */
const atOnce = 8;

/** A target that a command names; `locate` gives the command's options with the address of the target. */
export interface NamedTarget<Given> {
  readonly name: string;
  /** @throws UsageError when the address is not known here */
  readonly locate: () => Promise<Given>;
}

/** What was found in a target, or why it could not be looked at. */
export interface ReadTarget<T> {
  readonly name: string;
  readonly found: T | null;
  readonly error: string | null;
}

/**
 * Looks at several targets at once; one that cannot be reached does not hide the rest. `nothing` is what is
 * found where tidefill has never run.
 */
export async function readTargets<Given, T>(
  targets: readonly NamedTarget<Given>[],
  read: (given: Given) => Promise<T>,
  nothing?: T,
): Promise<readonly ReadTarget<T>[]> {
  const limit = pLimit(atOnce);
  return Promise.all(
    targets.map(({ name, locate }) =>
      limit(async (): Promise<ReadTarget<T>> => {
        try {
          return { name, found: await read(await locate()), error: null };
        } catch (thrown) {
          const error = toTidefillError(thrown);
          if (error.code === "schema-missing" && nothing !== undefined)
            return { name, found: nothing, error: null };
          return { name, found: null, error: messageOf(error) };
        }
      }),
    ),
  );
}

/** From the worst state to the best; a run with rejects, or one that was undone, comes before running ones. */
const order = [
  "failed",
  "interrupted",
  "paused",
  "incomplete",
  "running",
  "pending",
  "cancelled",
  "succeeded",
];

function rankOf({ status, rows, undoneBy }: RunReport): number {
  const isLess = status === "succeeded" && (undoneBy !== null || rows.rejected + rows.swallowed > 0);
  return order.indexOf(isLess ? "incomplete" : status);
}

/** The runs of all targets as one table, the worst first. */
export function describeTargets(read: readonly ReadTarget<readonly RunReport[]>[]): string {
  const heading = ["TARGET", ...runHeading];
  const rows = read.flatMap(({ name, found, error }) => {
    if (error !== null) return [{ at: -1, row: [name, "–", "–", error, "", "", "", "", ""] }];
    const runs = found ?? [];
    if (runs.length === 0)
      return [{ at: order.length, row: [name, "–", "–", "no run yet", "", "", "", "", ""] }];
    return runs.map((report) => ({ at: rankOf(report), row: [name, ...runCells(report)] }));
  });
  return alignColumns([heading, ...rows.toSorted((one, other) => one.at - other.at).map(({ row }) => row)]);
}
