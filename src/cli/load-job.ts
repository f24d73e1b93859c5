import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, relative, resolve } from "node:path";
import { messageOf, UsageError } from "../errors.ts";
import { isJob, type Job } from "../job/define-job.ts";
import { ownModule } from "../own-package.ts";
import { fileNames, fileOf, jobFiles, jobsIn } from "./job-files.ts";

export interface LoadedJob {
  readonly job: Job;
  /** the hash of the job's file and of every file of the user's that it imports, by path from the jobs' folder */
  readonly files: Readonly<Record<string, string>>;
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

/** All jobs of a folder, and what else lies there. */
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

/** Everything that a file of the user's exports. @throws UsageError when it cannot be loaded */
export async function importFile(path: string): Promise<Readonly<Record<string, unknown>>> {
  const { path: ownIndex } = ownModule("index");
  const { path: ownTesting } = ownModule("testing/index");
  const { createJiti } = await import("jiti");
  // With the alias a job's "tidefill" is this very package, installed beside the job or not.
  const jiti = createJiti(import.meta.url, {
    alias: { "tidefill/testing": ownTesting, tidefill: ownIndex },
    tryNative: false,
    nativeModules: [ownIndex, ownTesting],
  });
  try {
    return await jiti.import<Record<string, unknown>>(path);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`${relative(".", path)} could not be loaded: ${messageOf(error)}`, { cause: error });
  }
}

// Only files of the user's: what a package does is told by its version, and that by the lock file.
async function hashFiles(
  path: string,
  folder: string,
  seen: Record<string, string> = {},
): Promise<Record<string, string>> {
  const name = relative(folder, path);
  if (Object.hasOwn(seen, name)) return seen;
  const source = await readFile(path, "utf8");
  seen[name] = createHash("sha256").update(source).digest("hex");
  for (const [, imported] of source.matchAll(/(?:from|import)\s*\(?\s*["'](\.{1,2}\/[^"']+)["']/g)) {
    const target = resolveImport(dirname(path), imported ?? "");
    if (target !== null) await hashFiles(target, folder, seen);
  }
  return seen;
}

function resolveImport(folder: string, imported: string): string | null {
  const exact = resolve(folder, imported);
  const asSource = exact.replace(/\.js$/, ".ts").replace(/\.mjs$/, ".mts");
  return (
    [exact, asSource, ...fileNames(exact)].find((path) => existsSync(path) && /\.\w+$/.test(path)) ?? null
  );
}

function noSuchJob(folder: string, name: string): UsageError {
  const jobs = jobsIn(folder);
  const known = jobs.length === 0 && existsSync(folder) ? jobFiles(folder) : jobs;
  return new UsageError(`There is no job "${name}" in ${folder}/.`, {
    remedy:
      known.length === 0
        ? "Name the folder of your jobs with --jobs."
        : `It has: ${known.join(", ")}. Another folder: --jobs <dir>.`,
  });
}
