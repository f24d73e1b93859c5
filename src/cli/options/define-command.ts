import type { ArgumentsCamelCase, Argv, CommandModule } from "yargs";

/** The options and the handler of a command; its usage and its description are in `commands-for.ts`. */
export type Command = Required<Pick<CommandModule, "builder" | "handler">>;

/** Gives the handler the options in the builder's types, which yargs' own type forgets. */
export function defineCommand<Given>(command: {
  readonly builder: (yargs: Argv) => Argv<Given>;
  readonly handler: (given: ArgumentsCamelCase<Given>) => Promise<void>;
}): Command {
  return command as unknown as Command;
}
