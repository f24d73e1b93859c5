import { pickedFleet, pickedRuns } from "../../variables.ts";

/** The label matchers of the picked runs of the picked fleet. */
export const fleetRuns = `${pickedFleet},${pickedRuns}`;

/** What the queue says of its waves is by job, and has no target. */
const ofJobs = `${pickedFleet},job_name=~"$job_name"`;

/**
 * A metric of the queue, by some of its labels. Every worker reads the same queue and shows the same numbers:
 * their sum would count an item once for each worker, so this is their maximum.
 */
export function ofQueue(metric: string, by: readonly string[] = []): string {
  const matchers = by.includes("job_name") ? ofJobs : pickedFleet;
  return by.length === 0
    ? `max(${metric}{${matchers}})`
    : `max by (${by.join(", ")}) (${metric}{${matchers}})`;
}
