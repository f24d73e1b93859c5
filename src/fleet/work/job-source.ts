import { createHash } from "node:crypto";
import type { Job } from "../../job/definition/define-job.ts";

/** A job of this machine, and the hashes of its files. */
export interface JobWithFiles {
  readonly job: Job;
  readonly files: Readonly<Record<string, string>>;
}

/** The jobs of this machine. */
export interface JobSource {
  /** null where there is no job of this name; @throws UsageError when its file cannot be loaded */
  readonly find: (name: string) => Promise<JobWithFiles | null>;
  /** all jobs, each after those that must come before it */
  readonly inOrder: () => Promise<readonly JobWithFiles[]>;
}

/** One hash for all files of a job. */
export function codeOf({ files }: JobWithFiles): string {
  return createHash("sha256")
    .update(JSON.stringify(Object.entries(files).sort()))
    .digest("hex")
    .slice(0, 16);
}
