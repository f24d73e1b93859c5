import type { ArgumentsCamelCase, Argv, CommandModule } from "yargs";

/** What a command does with what is typed behind its name: how it is called and what it is for stands in `commands-for.ts`. */
export type Command = Required<Pick<CommandModule, "builder" | "handler">>;

/** A command whose handler gets what its builder declares, in the builder's types: yargs' own type forgets them. */
export function defineCommand<Given>(command: {
  readonly builder: (yargs: Argv) => Argv<Given>;
  readonly handler: (given: ArgumentsCamelCase<Given>) => Promise<void>;
}): Command {
  return command as unknown as Command;
}
