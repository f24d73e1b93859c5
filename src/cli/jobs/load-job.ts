import { existsSync } from "node:fs";
import { relative, resolve } from "node:path";
import { didYouMean } from "../../did-you-mean.ts";
import { messageOf, UsageError } from "../../errors.ts";
import { isJob, type Job } from "../../job/definition/define-job.ts";
import { type FileHashes, hashFiles } from "./hash-files.ts";
import { fileOf, jobFiles, jobsIn } from "./job-files.ts";
import { loaderFor } from "./loader.ts";

export interface LoadedJob {
  readonly job: Job;
  /** hashes of the job's file and of every user's file that it imports, and the versions of packages */
  readonly files: FileHashes;
}

/** A file of the jobs' folder that is not a job, and why. */
export interface IgnoredFile {
  readonly file: string;
  readonly reason: string;
}

/** Loads the job of this name from the folder. @throws UsageError that names the file and the remedy */
export async function loadJob(folder: string, name: string): Promise<LoadedJob> {
  const path = fileOf(folder, name);
  if (path === undefined) throw noSuchJob(folder, name);
  const found = await importDefault(path);
  if (!isJob(found)) {
    throw new UsageError(
      `${relative(".", path)} is not a job: it has no default export made by defineJob or defineSqlJob.`,
      {
        remedy: "Write: export default defineJob({ … });",
      },
    );
  }
  if (found.name !== name) {
    throw new UsageError(
      `${relative(".", path)} defines the job "${found.name}"; a job's name is the name of its file.`,
      {
        remedy: `Rename the file to ${found.name}.ts, or the job to "${name}".`,
      },
    );
  }
  return { job: found, files: await hashFiles(path, resolve(folder)) };
}

/** All jobs of a folder, and its files that are not jobs. */
export async function loadJobs(
  folder: string,
): Promise<{ readonly jobs: readonly LoadedJob[]; readonly ignored: readonly IgnoredFile[] }> {
  const jobs: LoadedJob[] = [];
  const ignored: IgnoredFile[] = [];
  for (const name of jobFiles(folder)) {
    try {
      jobs.push(await loadJob(folder, name));
    } catch (error) {
      ignored.push({ file: name, reason: messageOf(error) });
    }
  }
  return { jobs, ignored };
}

async function importDefault(path: string): Promise<unknown> {
  const exported = await importFile(path);
  return exported.default ?? exported;
}

/** Everything that a user's file exports. @throws UsageError when it cannot be loaded */
export async function importFile(path: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return await (await loaderFor(path)).import<Record<string, unknown>>(path);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`${relative(".", path)} could not be loaded: ${messageOf(error)}`, { cause: error });
  }
}

function noSuchJob(folder: string, name: string): UsageError {
  if (!existsSync(folder)) return noFolder(folder, name);
  const jobs = jobsIn(folder);
  const known = jobs.length === 0 ? jobFiles(folder) : jobs;
  return new UsageError(`There is no job "${name}" in ${folder}/.`, {
    remedy:
      known.length === 0
        ? "Name the folder of your jobs with --jobs."
        : `${didYouMean(name, known)}It has: ${known.join(", ")}. Another folder: --jobs <dir>.`,
  });
}

/** The user may have typed the command inside the folder of the jobs. */
function noFolder(folder: string, name: string): UsageError {
  const isHere = fileOf(".", name) !== undefined;
  return new UsageError(`There is no folder ${folder} here, so there is no job "${name}".`, {
    remedy: isHere
      ? "Its file is in this folder: add --jobs ."
      : "Go to the folder above your jobs, or name the jobs' folder with --jobs <dir>; to create one: tidefill init",
  });
}
