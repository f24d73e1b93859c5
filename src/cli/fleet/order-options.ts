import type { Argv } from "yargs";

/** Options of the commands that hand work to the fleet. */
export function orderOptions<T>(yargs: Argv<T>) {
  return yargs
    .option("target", {
      type: "string",
      requiresArg: true,
      describe: "a target that tidefill.targets.ts names",
    })
    .option("targets", { type: "string", requiresArg: true, describe: "all whose names match: 'eu-*,us-1'" })
    .option("all-targets", { type: "boolean", describe: "all of them" })
    .option("machines", {
      type: "number",
      default: 1,
      describe: "how many processes of the fleet work on each target",
    })
    .option("priority", {
      type: "number",
      default: 0,
      describe: "items with a higher number are taken first",
    })
    .option("param", {
      type: "string",
      array: true,
      default: [] as readonly string[],
      describe: "a parameter of the job, name=value",
    })
    .option("again", {
      type: "boolean",
      default: false,
      describe: "run it although it has succeeded before",
    });
}
