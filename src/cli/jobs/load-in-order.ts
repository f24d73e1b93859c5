import { didYouMean } from "../../did-you-mean.ts";
import { messageOf, UsageError } from "../../errors.ts";
import { inOrder } from "../../job/definition/in-order.ts";
import type { CommonSettings } from "../options/settings.ts";
import { type LoadedJob, loadJobs } from "./load-job.ts";

/** The jobs of the folder up to one of them, in their order. */
export async function loadInOrder(
  settings: CommonSettings,
  to: string | undefined,
): Promise<readonly LoadedJob[]> {
  const { jobs, ignored } = await loadJobs(settings.jobs);
  const broken = ignored.find(({ reason }) => !reason.includes("is not a job"));
  if (broken !== undefined) throw new UsageError(`${broken.file}: ${broken.reason}`);
  const known = ordered(jobs);
  if (to === undefined) return known;
  const last = known.findIndex(({ job }) => job.name === to);
  if (last >= 0) return known.slice(0, last + 1);
  const names = known.map(({ job }) => job.name);
  throw new UsageError(`There is no job "${to}" in ${settings.jobs}/.`, {
    remedy: `${didYouMean(to, names)}It has: ${names.join(", ")}.`,
  });
}

/** Loaded jobs, each after those that must come before it. */
export function ordered(jobs: readonly LoadedJob[]): readonly LoadedJob[] {
  return inOrder(jobs.map(({ job }) => job))
    .map((each) => jobs.find(({ job }) => job === each))
    .filter((each) => each !== undefined);
}

/** The jobs in their order; as they are where an `after` is wrong, which `warn` is told. */
export function orderedIfPossible(
  jobs: readonly LoadedJob[],
  warn: (message: string) => void,
): readonly LoadedJob[] {
  try {
    return ordered(jobs);
  } catch (error) {
    warn(messageOf(error));
    return jobs;
  }
}
