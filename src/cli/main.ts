import yargs from "yargs";
import { demoCommand } from "./commands/demo.ts";
import { listCommand } from "./commands/list.ts";
import { cancelCommand, pauseCommand } from "./commands/pause.ts";
import { planCommand } from "./commands/plan.ts";
import { rejectsCommand } from "./commands/rejects.ts";
import { resumeCommand } from "./commands/resume.ts";
import { runCommand } from "./commands/run.ts";
import { schemaCommand } from "./commands/schema.ts";
import { statusCommand } from "./commands/status.ts";
import { exitCodeOfError, exitCodes } from "./exit-code.ts";
import { explained } from "./explained.ts";
import { printJson, say, sayError } from "./output.ts";
import { ownVersion } from "./version.ts";

const commands = [
  demoCommand,
  listCommand,
  planCommand,
  runCommand,
  resumeCommand,
  pauseCommand,
  cancelCommand,
  statusCommand,
  rejectsCommand,
  schemaCommand,
];

/** Runs one command and sets the process's exit code; 0 done, 1 failed, 2 usage, 3 refused, 4 rejects, 75 resumable. */
export async function runCommandLine(parameters: readonly string[]): Promise<void> {
  try {
    await parser(parameters).parseAsync();
  } catch (error) {
    report(error, parameters.includes("--json"));
  }
}

function parser(parameters: readonly string[]) {
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
    .fail((message, error) => {
      if (error !== undefined && error !== null) throw error;
      say(message);
      say("`tidefill --help` shows the commands, `tidefill <command> --help` their options.");
      process.exit(exitCodes.usage);
    });
  for (const command of commands) program.command(command);
  return program;
}

function report(thrown: unknown, json: boolean): void {
  const error = explained(thrown);
  sayError(error);
  if (json) printJson({ error: { code: error.code, message: error.message, remedy: error.remedy ?? null } });
  process.exitCode = exitCodeOfError(error);
}
