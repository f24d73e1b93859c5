import type { Job } from "../../job/definition/define-job.ts";

/**
 * The job without what matters only in production: the window and the rate that it would wait for, and the
 * backup without which it would be refused. (The engine leaves out its throttles, with all other signals.)
 */
export function jobInTest(job: Job): Job {
  const { batchTime } = job.pace;
  return {
    ...job,
    pace: batchTime === undefined ? {} : { batchTime },
    backup: { ...job.backup, check: () => true },
  };
}
