import type { Job } from "../../job/definition/define-job.ts";

/**
 * The job without what has a meaning in production only: a window and a rate that it would wait for, and the backup that it would
 * be refused without. (The engine leaves out its throttles, with all other signals.)
 */
export function jobInTest(job: Job): Job {
  const { batchTime } = job.pace;
  return {
    ...job,
    pace: batchTime === undefined ? {} : { batchTime },
    backup: { ...job.backup, check: () => true },
  };
}
