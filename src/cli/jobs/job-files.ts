import { existsSync, readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { UsageError } from "../../errors.ts";

const endings = [".ts", ".mts", ".js", ".mjs"];

/** The file names that a job could have. */
export function fileNames(job: string): readonly string[] {
  return endings.map((ending) => `${job}${ending}`);
}

/** The files of the folder that may be jobs, without their endings; the tests beside them are left out. */
export function jobFiles(folder: string): readonly string[] {
  if (!existsSync(folder)) {
    throw new UsageError(`There is no folder ${folder}.`, {
      remedy: "Name the folder of your jobs with --jobs, or make one: tidefill init",
    });
  }
  return readdirSync(folder)
    .filter((file) => endings.some((ending) => file.endsWith(ending)) && !/\.(d|test|spec)\.\w+$/.test(file))
    .map((file) => file.replace(/\.[a-z]+$/, ""))
    .sort();
}

/** The file of the folder in which a job of this name would be; undefined where there is none. */
export function fileOf(folder: string, job: string): string | undefined {
  return fileNames(job)
    .map((file) => resolve(folder, file))
    .find((file) => existsSync(file));
}

/** The files of the folder that look like jobs. None is loaded: what a user's file does may take long. */
export function jobsIn(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return jobFiles(folder).filter((job) => {
    const path = fileOf(folder, job);
    return (
      path !== undefined &&
      /^export default\b|\bas default\b|^module\.exports\b/m.test(readFileSync(path, "utf8"))
    );
  });
}
