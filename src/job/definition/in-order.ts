import { UsageError } from "../../errors.ts";
import type { Job } from "./define-job.ts";

/**
 * Jobs in the order in which they must run: each after the jobs in its `after`, otherwise by name.
 * @throws UsageError that names a missing job, or a circle
 */
export function inOrder(jobs: readonly Job[]): readonly Job[] {
  const byName = new Map(jobs.map((job) => [job.name, job]));
  const ordered = new Set<Job>();
  const visit = (job: Job, path: readonly string[]): void => {
    if (ordered.has(job)) return;
    if (path.includes(job.name)) throw circle([...path.slice(path.indexOf(job.name)), job.name]);
    for (const name of [...job.after].sort()) {
      const before = byName.get(name);
      if (before === undefined) throw missing(job.name, name, [...byName.keys()]);
      visit(before, [...path, job.name]);
    }
    ordered.add(job);
  };
  for (const job of jobs.toSorted((left, right) => (left.name < right.name ? -1 : 1))) visit(job, []);
  return [...ordered];
}

function circle(path: readonly string[]): UsageError {
  return new UsageError(`Jobs wait for each other in a circle: ${path.join(" → ")}.`, {
    remedy: "Take one of these names out of `after`.",
  });
}

function missing(job: string, name: string, known: readonly string[]): UsageError {
  return new UsageError(`The job ${job} comes after "${name}", but there is no job of that name.`, {
    remedy: `Was it renamed? The jobs are: ${known.join(", ")}. Correct \`after\` of ${job}.`,
  });
}
