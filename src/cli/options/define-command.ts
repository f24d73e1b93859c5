import type { ArgumentsCamelCase, Argv, CommandModule } from "yargs";

/** The options and the handler of a command; its usage and its description are in `commands-for.ts`. */
export type Command = Required<Pick<CommandModule, "builder" | "handler">>;

/** A command with the options in their types. */
export interface Definition<Given> {
  readonly builder: (yargs: Argv) => Argv<Given>;
  readonly handler: (given: ArgumentsCamelCase<Given>) => Promise<void>;
}

/** Gives the handler the options in the builder's types, which yargs' own type forgets. */
export function defineCommand<Given>(command: Definition<Given>): Command {
  return command as unknown as Command;
}
