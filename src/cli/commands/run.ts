import type { CommandModule } from "yargs";
import { runJob } from "../../engine/run-job.ts";
import { UsageError } from "../../errors.ts";
import { loadJob } from "../load-job.ts";
import { commonOptions, commonSettings, workOptions } from "../settings.ts";
import { takePart } from "../take-part.ts";

/** `tidefill run <job>` */
export const runCommand: CommandModule = {
  command: "run <job>",
  describe: "run a job; installs tidefill's schema when it is missing",
  builder: (yargs) =>
    workOptions(commonOptions(yargs))
      .positional("job", { type: "string", demandOption: true })
      .option("param", {
        type: "string",
        array: true,
        default: [],
        describe: "a parameter of the job, name=value",
      })
      .option("again", {
        type: "boolean",
        default: false,
        describe: "run it although it has succeeded before",
      }),
  handler: async (read) => {
    const given = read as unknown as RunArguments;
    const settings = commonSettings(given);
    const parameters = parseParameters(given.param);
    const loaded = await loadJob(settings.jobs, given.job);
    await takePart(settings, given, loaded, (options) =>
      runJob(loaded.job, { ...options, parameters, again: given.again }),
    );
  },
};

interface RunArguments {
  readonly job: string;
  readonly param: readonly string[];
  readonly again: boolean;
  readonly jobs: string;
  readonly schema: string;
  readonly json: boolean;
  readonly workers: number;
  readonly lease: string;
}

/** `name=value` pairs; the value may hold further `=`. @throws UsageError */
export function parseParameters(pairs: readonly string[]): Readonly<Record<string, string>> {
  const entries = pairs.map((pair): [string, string] => {
    const at = pair.indexOf("=");
    if (at > 0) return [pair.slice(0, at), pair.slice(at + 1)];
    throw new UsageError(`--param ${pair} is not name=value.`, { remedy: "Write --param since=2024-01-01." });
  });
  return Object.fromEntries(entries);
}
