import type { JobSource } from "../../fleet/work/job-source.ts";
import { ordered } from "../jobs/load-in-order.ts";
import { loadJobs } from "../jobs/load-job.ts";
import type { CommonSettings } from "../options/settings.ts";
import { say } from "../terminal/output.ts";

/**
 * The jobs of this machine's folder, all loaded at once: a worker keeps the files with which it began, since
 * modules stay in memory while files may change under them.
 */
export async function jobsHere(settings: CommonSettings): Promise<JobSource> {
  const { jobs, ignored } = await loadJobs(settings.jobs);
  for (const { file, reason } of ignored) if (!reason.includes("is not a job")) say(`${file}: ${reason}`);
  return {
    find: async (name) => jobs.find(({ job }) => job.name === name) ?? null,
    inOrder: async () => ordered(jobs),
  };
}
