import type { Argv } from "yargs";
import { jobsIn } from "./jobs/job-files.ts";

/** The commands whose first word is a job, or a run that can be named by its job. */
const aboutJobs: ReadonlySet<string> = new Set(
  "plan run resume pause cancel set status rejects verify contract undo backup".split(" "),
);
const optionsOfJobs: ReadonlySet<string> = new Set(["--to", "--require"]);

/** Lets shells complete what is typed: commands and options, and jobs by the names of their files. */
export function completeWords<T>(program: Argv<T>): Argv<T> {
  const complete = (
    current: string,
    argv: { readonly _: readonly unknown[]; readonly jobs?: unknown },
    byDefault: (completed: (error: Error | null, words: readonly string[] | undefined) => void) => void,
    done: (words: string[]) => void,
  ): void => {
    const [, command = "", ...words] = argv._.map(String);
    // The typed words; the last one is unfinished.
    const typed = process.argv.slice(process.argv.indexOf("--get-yargs-completions") + 1);
    const wantsJob =
      optionsOfJobs.has(typed.at(-2) ?? "") ||
      (aboutJobs.has(command) && words.filter((word) => word !== current).length === 0);
    // For `backup`, --to takes a directory.
    if (typed.at(-2) === "--to" && command === "backup") done([]);
    else if (wantsJob && !current.startsWith("-")) done([...jobsIn(String(argv.jobs ?? "jobs"))]);
    else byDefault((_error, found = []) => done(found.filter((word) => word !== "$0")));
  };
  // No job and no run can have this name.
  return program.completion("complete:words", false, complete);
}
