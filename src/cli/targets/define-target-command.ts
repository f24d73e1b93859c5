import type { ArgumentsCamelCase, Argv } from "yargs";
import type { TargetChoice } from "../../fleet/targets/choose-targets.ts";
import { type Command, type Definition, defineCommand } from "../options/define-command.ts";
import type { NamedTarget } from "./read-targets.ts";

/** How a command that may name targets treats several of them. */
interface Several {
  /** shows all of them at once; where it is absent the command runs for each, one after the other */
  together?(targets: readonly NamedTarget<never>[], given: never): Promise<void>;
  /** whether it goes on after a target on which it failed */
  readonly goesOn?: boolean;
}

/** A command that works on the database that the address names, or on targets of `tidefill.targets.ts`. */
export function defineTargetCommand<Given>(command: Definition<Given>, several: Several = {}): Command {
  return defineCommand({
    builder: (yargs: Argv) => targetOptions(command.builder(yargs)),
    handler: async (given) => {
      const { target, targets, allTargets } = given as TargetChoice;
      if (target === undefined && targets === undefined && allTargets !== true) return command.handler(given);
      const { forTargets } = await import("./for-targets.ts");
      type Any = ArgumentsCamelCase<Given> & TargetChoice;
      return forTargets<Any>(given as Any, command.handler, several as Parameters<typeof forTargets<Any>>[2]);
    },
  });
}

function targetOptions<T>(yargs: Argv<T>): Argv<T> {
  return yargs
    .option("target", {
      type: "string",
      requiresArg: true,
      describe: "a database that tidefill.targets.ts names",
      group: "Targets:",
    })
    .option("targets", {
      type: "string",
      requiresArg: true,
      describe: "all whose names match, one after the other: 'eu-*,us-1'",
      group: "Targets:",
    })
    .option("all-targets", {
      type: "boolean",
      describe: "all of them, one after the other",
      group: "Targets:",
    }) as unknown as Argv<T>;
}
