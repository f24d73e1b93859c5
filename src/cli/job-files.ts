import { existsSync, readdirSync } from "node:fs";
import { UsageError } from "../errors.ts";

const endings = [".ts", ".mts", ".js", ".mjs"];

/** The names under which a file of the jobs' folder could lie. */
export function fileNames(job: string): readonly string[] {
  return endings.map((ending) => `${job}${ending}`);
}

/** The files of the folder that may be jobs, without their endings: the tests of jobs lie beside them and are none. */
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
