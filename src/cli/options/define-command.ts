import type { ArgumentsCamelCase, Argv, CommandModule } from "yargs";

/** A command of the command line; its handler gets what its builder declares, in the builder's types. */
interface Command<Given> {
  readonly command: string;
  readonly describe: string;
  readonly builder: (yargs: Argv) => Argv<Given>;
  readonly handler: (given: ArgumentsCamelCase<Given>) => Promise<void>;
}

/** yargs' own type forgets what a builder has declared; this one infers it. */
export function defineCommand<Given>(command: Command<Given>): CommandModule {
  return command as unknown as CommandModule;
}
