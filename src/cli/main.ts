import { createRequire } from "node:module";
import type Yargs from "yargs";
import type { CommandModule } from "yargs";
import { UsageError } from "../errors.ts";
import { ownVersion } from "../own-package.ts";
import { commandsFor } from "./commands-for.ts";
import { completeWords } from "./complete.ts";
import { useEnvFile } from "./options/env-file.ts";
import { forgetSaid } from "./terminal/output.ts";
import { forgetOptions } from "./terminal/typed-options.ts";
import { unknownOption } from "./unknown-option.ts";

// As a module yargs 17 breaks lines within words; yargs 18 does not, but takes twice as long to load.
const yargs: typeof Yargs = createRequire(import.meta.url)("yargs");

/**
 * Runs one command and sets the process's exit code; 0 done, 1 failed, 2 usage, 3 refused, 4 rejects, 75
 * resumable.
 */
export async function runCommandLine(parameters: readonly string[]): Promise<void> {
  // The address of the database may hold a password, and every user of the machine can list processes.
  process.title = [
    "tidefill",
    ...parameters.slice(0, 2).filter((word) => /^[\w-]*$/.test(word) && !word.startsWith("-")),
  ].join(" ");
  // A reader that closes our output (`| head`) must not end the run.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
  forgetSaid();
  forgetOptions();
  try {
    let work: () => unknown = () => {};
    const commands = (await commandsFor(parameters)).map((command) => ({
      ...command,
      handler: (given: Parameters<typeof command.handler>[0]): void => {
        work = () => command.handler(given);
      },
    }));
    await parser(parameters, commands).parseAsync();
    await work();
  } catch (error) {
    const { reportError } = await import("./terminal/report-error.ts");
    reportError(error, parameters.includes("--json"));
  }
}

function parser(parameters: readonly string[], commands: readonly CommandModule[]) {
  const program = yargs([...parameters])
    .scriptName("tidefill")
    .usage(
      "$0 <command>\n\nBackfills on PostgreSQL: kill it at any instant, start it again, and it ends in the same state.",
    )
    .version(ownVersion())
    .strict()
    .recommendCommands()
    .demandCommand(1, "Name a command.")
    .wrap(Math.min(110, process.stderr.columns ?? 100))
    .parserConfiguration({ "greedy-arrays": false })
    .epilogue(
      "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 refused by a check, 4 done with rejects, 75 stopped and resumable",
    )
    .middleware(({ envFile }) => useEnvFile(envFile as string | undefined))
    .alias("help", "h")
    .alias("version", "v")
    .fail((message, error) => {
      if (error !== undefined && error !== null) throw error;
      const unknown = unknownOption(message, parameters, commands);
      if (unknown !== null) throw new UsageError(unknown.message, unknown);
      throw new UsageError(told(message, parameters[0], commands), {
        remedy: "`tidefill --help` shows the commands, `tidefill <command> --help` their options.",
      });
    });
  for (const command of commands) program.command(command);
  return completeWords(program);
}

function told(message: string, name: string | undefined, commands: readonly CommandModule[]): string {
  if (!/^Not enough non-option arguments/.test(message)) return message;
  const usages = commands.map(({ command }) => String(command));
  const usage = usages.find((each) => each.split(" ")[0] === name) ?? "<command>";
  return `An argument is missing: tidefill ${usage}`;
}
